package tapedeck.rtp.sdp;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import tapedeck.bytes.MalformedException;

/// The body of `application/trickle-ice-sdpfrag`, RFC 8840 9: credentials and candidates of a session that both sides
/// know already.
///
/// @param ufrag the sender's ICE fragment, or "" where the fragment names none
/// @param password "" as above
public record IceFragment(String ufrag, String password, List<Candidate> candidates) {
    public static final int MAX_CHARACTERS = 16 * 1024;
    /// Of one peer: a dozen addresses by UDP, TCP and a relay.
    public static final int MAX_CANDIDATES = 100;

    /// RFC 8839 5.4.
    private static final Pattern UFRAG = Pattern.compile("[A-Za-z0-9+/]{4,256}");

    private static final Pattern PASSWORD = Pattern.compile("[A-Za-z0-9+/]{22,256}");

    public IceFragment {
        candidates = List.copyOf(candidates);
    }

    /// Credentials may stand in front of the first section or in a section, RFC 8840 9.2; they have to be the same
    /// everywhere, since there is one transport only.
    ///
    /// @throws MalformedException if a line is none, or credentials or candidates are wrong
    public static IceFragment parse(String text) {
        if (text.length() > MAX_CHARACTERS) {
            throw new MalformedException(
                    "SDP fragment of %d characters, %d allowed".formatted(text.length(), MAX_CHARACTERS));
        }
        String ufrag = "";
        String password = "";
        List<Candidate> candidates = new ArrayList<>();
        for (String line : text.lines().toList()) {
            if (line.isBlank()) {
                continue;
            }
            if (line.length() < 3 || line.charAt(1) != '=') {
                throw SdpParser.malformed("SDP fragment", line);
            }
            if (line.startsWith("a=ice-ufrag:")) {
                ufrag = one(ufrag, value(line, UFRAG));
            } else if (line.startsWith("a=ice-pwd:")) {
                password = one(password, value(line, PASSWORD));
            } else if (line.startsWith("a=candidate:")) {
                if (candidates.size() == MAX_CANDIDATES) {
                    throw new MalformedException("SDP fragment of more than %d candidates".formatted(MAX_CANDIDATES));
                }
                candidates.add(Candidate.parse(line.substring(line.indexOf(':') + 1)));
            }
        }
        if (ufrag.isEmpty() != password.isEmpty()) {
            throw new MalformedException("SDP fragment: a=ice-ufrag and a=ice-pwd belong together");
        }
        return new IceFragment(ufrag, password, candidates);
    }

    private static String value(String line, Pattern pattern) {
        String value = line.substring(line.indexOf(':') + 1).strip();
        if (!pattern.matcher(value).matches()) {
            throw SdpParser.malformed("SDP fragment", line);
        }
        return value;
    }

    private static String one(String before, String now) {
        if (!before.isEmpty() && !before.equals(now)) {
            throw new MalformedException("SDP fragment with two different ICE credentials");
        }
        return now;
    }
}
