package tapedeck.container.mp4;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.container.TrackIdentity;
import tapedeck.container.mp4.Movie.MovieTrack;

/// Whose track it is, in its `trak`: the stream's name where players look for the name of a track, and the media
/// session in a box of our own (`uuid`, ISO/IEC 14496-12 4.2). Finishing keeps both as they are.
final class IdentityBoxes {
    /// "tapedeck-session", which nobody else has.
    private static final Bytes SESSION = Bytes.ofUtf8("tapedeck-session");
    /// No name or session of ours is longer.
    private static final int MAX_TEXT_BYTES = 4096;

    private IdentityBoxes() {}

    static void write(BoxWriter out, TrackIdentity identity) {
        out.box("udta", udta -> udta.box("name", Bytes.ofUtf8(identity.streamName())));
        out.box("uuid", uuid -> uuid.bytes(SESSION).bytes(Bytes.ofUtf8(identity.mediaSessionId())));
    }

    /// Null for a track of a file that has only one stream.
    static @Nullable TrackIdentity of(MovieTrack track) {
        String session = null;
        for (Box box : track.boxes()) {
            if (box.type().equals("uuid")
                    && box.body().length() > SESSION.length()
                    && box.body().slice(0, SESSION.length()).equals(SESSION)) {
                session = text(box.body().slice(SESSION.length()));
            }
        }
        if (session == null) {
            return null;
        }
        Box udta = Box.find(track.boxes(), "udta");
        Box name = udta == null ? null : Box.find(udta.children(), "name");
        return new TrackIdentity(name == null ? "" : text(name.body()), session);
    }

    private static String text(Bytes utf8) {
        return utf8.slice(0, Math.min(utf8.length(), MAX_TEXT_BYTES)).toUtf8();
    }
}
