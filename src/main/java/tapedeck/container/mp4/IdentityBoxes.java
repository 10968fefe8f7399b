package tapedeck.container.mp4;

import java.util.List;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.MemberTrack;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.Movie.MovieTrack;

/// Whose track it is, in the user data of its `trak` (ISO/IEC 14496-12 8.10.1): the stream's name where players look
/// for the name of a track, and the media session in a box of our own beside it. Finishing keeps both as they are, and
/// makes the edit list begin with the time before which nothing is to be shown.
///
/// ```
/// | udta | name: UTF-8 | msid: UTF-8 | from: nanoseconds, 64 bits |
/// ```
final class IdentityBoxes {
    private static final String NAME = "name";
    private static final String SESSION = "msid";
    private static final String SHOWN_FROM = "from";
    /// No name or session of ours is longer.
    private static final int MAX_TEXT_BYTES = 4096;

    private IdentityBoxes() {}

    static void write(BoxWriter out, MemberTrack member) {
        out.box(
                "udta",
                udta -> udta.box(NAME, Bytes.ofUtf8(member.identity().streamName()))
                        .box(SESSION, Bytes.ofUtf8(member.identity().mediaSessionId()))
                        .box(SHOWN_FROM, b -> b.u64(Math.max(0, member.shownFromNanos()))));
    }

    /// Time of the movie before which nothing of a recording's track is to be shown.
    static long shownFromNanos(MovieTrack track) {
        Box from = Box.find(boxes(track), SHOWN_FROM);
        return from == null || from.body().length() < 8
                ? 0
                : Math.max(0, from.body().reader().i64());
    }

    /// Null for a track of a file that has only one stream.
    static @Nullable TrackIdentity of(MovieTrack track) {
        List<Box> boxes = boxes(track);
        Box session = Box.find(boxes, SESSION);
        Box name = Box.find(boxes, NAME);
        return session == null ? null : new TrackIdentity(name == null ? "" : text(name), text(session));
    }

    private static List<Box> boxes(MovieTrack track) {
        Box udta = Box.find(track.boxes(), "udta");
        return udta == null ? List.of() : udta.children();
    }

    private static String text(Box box) {
        return box.body()
                .slice(0, Math.min(box.body().length(), MAX_TEXT_BYTES))
                .toUtf8();
    }
}
