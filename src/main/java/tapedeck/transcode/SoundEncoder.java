package tapedeck.transcode;

import java.util.function.Consumer;
import tapedeck.bytes.Bytes;

/// The sound of a mix into AAC. Frame `n` decodes to samples `1024 n` to `1024 n + 1023`. Only in a worker.
public final class SoundEncoder implements AutoCloseable {
    public static final int RATE_HZ = 48_000;
    public static final int CHANNELS = 2;
    public static final int FRAME_SAMPLES = AacEncoder.FRAME_SAMPLES;

    private final AacEncoder encoder;

    /// @param bitrateMode as `record_fdk_aac_bitrate_mode`
    public SoundEncoder(int bitrateMode, Consumer<Bytes> sink) {
        encoder = new AacEncoder(new Entry.Open(RATE_HZ, CHANNELS, bitrateMode, 0, 0), sink);
    }

    /// @param channels an array each
    public void encode(float[][] channels, int from, int count) {
        for (int done = 0; done < count; ) {
            int step = Math.min(count - done, encoder.roomSamples());
            encoder.put(channels, from + done, step);
            done += step;
        }
    }

    /// What is inside comes out, filled up with silence; nothing can follow.
    public void finish() {
        encoder.finish();
    }

    @Override
    public void close() {
        encoder.close();
    }
}
