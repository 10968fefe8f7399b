package tapedeck.media;

/// One elementary stream. Changed parameter sets, or a picture that is turned, make a new Track with the same id.
///
/// @param id unique within its stream; [#VIDEO] and [#AUDIO] where a publisher has one of each
/// @param rotationDegrees how far a player has to turn the picture clockwise: 0, 90, 180 or 270
public record Track(int id, Codec codec, int rotationDegrees) {
    public static final int VIDEO = 1;
    public static final int AUDIO = 2;

    public Track {
        if (rotationDegrees % 90 != 0 || rotationDegrees < 0 || rotationDegrees >= 360) {
            throw new IllegalArgumentException("a picture turned by " + rotationDegrees);
        }
    }

    public Track(int id, Codec codec) {
        this(id, codec, 0);
    }

    public boolean isVideo() {
        return codec instanceof Codec.Video;
    }

    public boolean isAudio() {
        return codec instanceof Codec.Audio;
    }
}
