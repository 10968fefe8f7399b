package tapedeck.media;

/// One elementary stream. Changed parameter sets make a new Track with the same id.
///
/// @param id unique within its stream; [#VIDEO] and [#AUDIO] where a publisher has one of each
public record Track(int id, Codec codec) {
    public static final int VIDEO = 1;
    public static final int AUDIO = 2;

    public boolean isVideo() {
        return codec instanceof Codec.Video;
    }

    public boolean isAudio() {
        return codec instanceof Codec.Audio;
    }
}
