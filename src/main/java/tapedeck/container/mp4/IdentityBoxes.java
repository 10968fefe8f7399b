package tapedeck.container.mp4;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.Movie.MovieTrack;

/// Whose track it is, in the user data of its `trak` (ISO/IEC 14496-12 8.10.1): the stream's name where players look
/// for the name of a track, and the media session in a box of our own beside it. Finishing keeps both as they are.
///
/// ```
/// | udta | name: UTF-8 | msid: UTF-8 |
/// ```
final class IdentityBoxes {
    private static final String NAME = "name";
    private static final String SESSION = "msid";
    /// No name or session of ours is longer.
    private static final int MAX_TEXT_BYTES = 4096;

    private IdentityBoxes() {}

    static void write(BoxWriter out, TrackIdentity identity) {
        out.box(
                "udta",
                udta -> udta.box(NAME, Bytes.ofUtf8(identity.streamName()))
                        .box(SESSION, Bytes.ofUtf8(identity.mediaSessionId())));
    }

    /// Null for a track of a file that has only one stream.
    static @Nullable TrackIdentity of(MovieTrack track) {
        Box udta = Box.find(track.boxes(), "udta");
        List<Box> boxes = udta == null ? List.of() : udta.children();
        Box session = Box.find(boxes, SESSION);
        Box name = Box.find(boxes, NAME);
        return session == null ? null : new TrackIdentity(name == null ? "" : text(name), text(session));
    }

    private static String text(Box box) {
        return box.body()
                .slice(0, Math.min(box.body().length(), MAX_TEXT_BYTES))
                .toUtf8();
    }
}
