package tapedeck.mix;

import java.util.List;

/// A live mixer as it is now.
///
/// @param uri `mixer://NAME`
/// @param mediaSessionId of the stream that it makes
/// @param streamName of that stream
/// @param droppedPictures of the mix that were left out because the machine was too slow, or a worker had died
/// @param damagedPackets of sources that could not be decoded by the workers that run now
/// @param restartedWorkers because they had died
public record LiveMix(
        String uri,
        String mediaSessionId,
        String streamName,
        boolean hasVideo,
        boolean hasAudio,
        int width,
        int height,
        int fps,
        List<Source> sources,
        long pictures,
        long droppedPictures,
        long damagedPackets,
        long restartedWorkers) {
    public LiveMix {
        sources = List.copyOf(sources);
    }

    /// @param streamName as it is added, or that of the media session
    /// @param mediaSessionId of the stream that it is now; empty if it is none
    /// @param droppedFrames that were not decoded because the machine was too slow
    public record Source(
            String streamName,
            String mediaSessionId,
            boolean hasVideo,
            boolean hasAudio,
            State state,
            long packets,
            long droppedFrames) {}

    /// How a source is.
    public enum State {
        /// Nothing came yet.
        WAITING,
        /// It is seen, or, without pictures, heard.
        LIVE,
        /// Its last picture stands still.
        FROZEN,
        /// No picture came for so long that its tile is gone, or, without pictures, no sound.
        AWAY,
        /// There is no stream of its name now.
        GONE
    }
}
