package tapedeck.protocol.rtsp;

import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/// What a server's description calls its tracks, RFC 2326 C.1.1, as an address for `SETUP` and `PLAY`. It is only ever
/// said on the connection that is there; nobody connects to what a server makes up.
final class ControlAddress {
    static final int MAX_CHARACTERS = RtspAddress.MAX_CHARACTERS;

    private ControlAddress() {}

    /// The address that relative ones are relative to: what the answer says, if that is one at all (a camera says
    /// `192.168.1.10:554/stream0/`), else what was asked.
    ///
    /// @param asked of `DESCRIBE`
    static String base(RtspMessage.Answer described, String asked) {
        for (String name : List.of("content-base", "content-location")) {
            String said = described.header(name);
            if (said != null && isAbsolute(said) && said.length() <= MAX_CHARACTERS) {
                return said;
            }
        }
        return asked;
    }

    /// Of the whole presentation.
    static String ofAll(String base, @Nullable String control) {
        String said = control == null ? "" : control.strip();
        return said.isEmpty() || said.equals("*")
                ? base
                : candidates(base, said).getFirst();
    }

    /// What a track may be called, the likeliest first. Nearly all servers mean "appended", behind a query too; RFC
    /// 3986 5.2 puts it in the place of the last part.
    static List<String> candidates(String base, String control) {
        String said = control.strip();
        if (said.isEmpty() || said.equals("*")) {
            return List.of(base);
        }
        if (isAbsolute(said)) {
            return List.of(said);
        }
        List<String> candidates = new ArrayList<>();
        candidates.add(base.endsWith("/") || said.startsWith("/") ? joined(base, said) : base + "/" + said);
        try {
            String resolved = URI.create(base).resolve(said).toString();
            if (isAbsolute(resolved) && !candidates.contains(resolved)) {
                candidates.add(resolved);
            }
        } catch (IllegalArgumentException _) {
            // Not every camera's address is one.
        }
        return candidates;
    }

    private static String joined(String base, String said) {
        return base.endsWith("/") && said.startsWith("/") ? base + said.substring(1) : base + said;
    }

    private static boolean isAbsolute(String text) {
        String small = text.toLowerCase(Locale.ROOT);
        return small.startsWith("rtsp://") || small.startsWith("rtsps://") || small.startsWith("rtspu://");
    }
}
