package tapedeck.transcode;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// One sound track on its way into a mix: packets into samples of the mix's rate. Only in a worker.
public final class SoundSource implements AutoCloseable {
    private static final int ROOM_SAMPLES = 8192;

    private final SoundDecoder decoder;
    private final Planes planes = new Planes();
    private @Nullable Resampler resampler;

    public SoundSource(CodedSource source) {
        decoder = new SoundDecoder(
                new Entry.Source(source.codec(), source.sampleRateHz(), source.channels(), source.header()));
    }

    /// Native room whose content goes into arrays each time it was filled.
    private static final class Planes implements SampleRoom, AutoCloseable {
        private final BytePointer[] planes = new BytePointer[SoundEncoder.CHANNELS];
        private final FloatBuffer[] views = new FloatBuffer[SoundEncoder.CHANNELS];
        private final PointerPointer<Pointer> room = new PointerPointer<>(SoundEncoder.CHANNELS);
        private final float[][] samples = new float[SoundEncoder.CHANNELS][ROOM_SAMPLES];
        private int count;

        Planes() {
            for (int i = 0; i < planes.length; i++) {
                planes[i] = new BytePointer((long) ROOM_SAMPLES * Float.BYTES);
                views[i] =
                        planes[i].asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
                room.put(i, planes[i]);
            }
        }

        @Override
        public PointerPointer<Pointer> room() {
            return room;
        }

        @Override
        public int roomSamples() {
            return ROOM_SAMPLES;
        }

        @Override
        public void filled(int added) {
            for (int i = 0; i < samples.length; i++) {
                if (count + added > samples[i].length) {
                    samples[i] = Arrays.copyOf(samples[i], 2 * (count + added));
                }
                views[i].get(0, samples[i], count, added);
            }
            count += added;
        }

        @Override
        public void close() {
            room.close();
            for (BytePointer plane : planes) {
                plane.close();
            }
        }
    }

    /// Decodes a packet; what came out is in [#samples], [#count] of it.
    ///
    /// @return false if it cannot be decoded
    public boolean decode(Bytes packet) {
        planes.count = 0;
        AVFrame frame = decoder.decode(packet);
        if (frame == null) {
            return false;
        }
        Resampler resample = resampler;
        if (resample == null || !resample.takes(frame)) {
            finishResampler();
            resample = new Resampler(frame, SoundEncoder.RATE_HZ, SoundEncoder.CHANNELS);
            resampler = resample;
        }
        resample.convert(frame, 0, planes);
        return true;
    }

    /// How many samples are inside: what is decoded next comes out behind them.
    public long delay() {
        return resampler == null ? 0 : resampler.delay();
    }

    /// What is inside comes out as after [#decode]; what is decoded next stands for itself.
    public void drain() {
        planes.count = 0;
        finishResampler();
    }

    private void finishResampler() {
        Resampler resample = resampler;
        if (resample != null) {
            resample.finish(planes);
            resample.close();
            resampler = null;
        }
    }

    public int count() {
        return planes.count;
    }

    /// Valid until the next call.
    public float[] samples(int channel) {
        return planes.samples[channel];
    }

    @Override
    public void close() {
        if (resampler != null) {
            resampler.close();
            resampler = null;
        }
        decoder.close();
        planes.close();
    }
}
