package tapedeck.mix;

import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.stream.Publication;
import tapedeck.transcode.CodedSource;

/// What a live mix publishes: its pictures and its sound, which come on two threads.
final class LiveOutput {
    private static final Track SOUND = new Track(Track.AUDIO, CodedSource.encodedSound());

    private final Publication publication;
    // Guarded by this.
    private @Nullable Track picture;
    private long lastPictureNanos = -1;
    private long lastSoundNanos = -1;
    private long pictures;

    LiveOutput(Publication publication, boolean hasAudio) {
        this.publication = publication;
        if (hasAudio) {
            publication.announce(SOUND);
        }
    }

    /// What decoders of the pictures that follow must know.
    synchronized void header(Bytes avcC) {
        Track now = new Track(Track.VIDEO, CodedSource.encodedPictures(avcC));
        if (picture == null || !picture.codec().equals(now.codec())) {
            picture = now;
            publication.announce(now);
        }
    }

    synchronized void picture(long nanos, boolean keyframe, Bytes data) {
        Track track = picture;
        if (track != null && nanos > lastPictureNanos) {
            lastPictureNanos = nanos;
            pictures++;
            publication.write(new Frame(track, nanos, nanos, keyframe, data));
        }
    }

    synchronized void sound(long nanos, Bytes data) {
        if (nanos > lastSoundNanos) {
            lastSoundNanos = nanos;
            publication.write(new Frame(SOUND, nanos, nanos, true, data));
        }
    }

    /// Pictures that were made so far.
    synchronized long pictures() {
        return pictures;
    }
}
