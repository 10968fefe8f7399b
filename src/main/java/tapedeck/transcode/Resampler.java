package tapedeck.transcode;

import org.bytedeco.ffmpeg.avutil.AVChannelLayout;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.ffmpeg.global.swresample;
import org.bytedeco.ffmpeg.swresample.SwrContext;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;

/// Samples of any form into those of the encoder, a little stretched where the clocks differ. Only in a worker.
final class Resampler implements AutoCloseable {
    private static final int MAX_CHANNELS = 64;
    private static final int SILENCE_STEP = 4096;

    private final SwrContext swr;
    private final int inRateHz;
    private final int inFormat;
    private final AVChannelLayout inLayout = new AVChannelLayout();
    private final int inPlanes;
    private final int inStepBytes;
    private final int outRateHz;
    private final PointerPointer<Pointer> input = new PointerPointer<>(MAX_CHANNELS);

    /// For samples like those of `frame`.
    Resampler(AVFrame frame, int outRateHz, int outChannels) {
        inRateHz = frame.sample_rate();
        inFormat = frame.format();
        int channels = frame.ch_layout().nb_channels();
        inLayout.zero();
        avutil.av_channel_layout_copy(inLayout, frame.ch_layout());
        boolean planar = avutil.av_sample_fmt_is_planar(inFormat) != 0;
        inPlanes = planar ? channels : 1;
        inStepBytes = avutil.av_get_bytes_per_sample(inFormat) * (planar ? 1 : channels);
        this.outRateHz = outRateHz;
        swr = swresample.swr_alloc();
        AVChannelLayout outLayout = new AVChannelLayout();
        outLayout.zero();
        avutil.av_channel_layout_default(outLayout, outChannels);
        try (PointerPointer<SwrContext> holder = new PointerPointer<>(1)) {
            holder.put(0, swr);
            NativeFailure.check(
                    "resampler",
                    swresample.swr_alloc_set_opts2(
                            holder,
                            outLayout,
                            avutil.AV_SAMPLE_FMT_FLTP,
                            outRateHz,
                            inLayout,
                            inFormat,
                            inRateHz,
                            0,
                            null));
        }
        // Also where the rates are alike: a stretch that begins later would lose what is inside.
        NativeFailure.check("resampler", avutil.av_opt_set(swr, "flags", "+res", 0));
        NativeFailure.check("resampler", swresample.swr_init(swr));
        outLayout.close();
        for (int i = 0; i < MAX_CHANNELS; i++) {
            input.put(i, null);
        }
    }

    boolean takes(AVFrame frame) {
        return frame.sample_rate() == inRateHz
                && frame.format() == inFormat
                && avutil.av_channel_layout_compare(frame.ch_layout(), inLayout) == 0;
    }

    int inRateHz() {
        return inRateHz;
    }

    /// Samples inside, in those of the encoder.
    long delay() {
        return swresample.swr_get_delay(swr, outRateHz);
    }

    /// Puts the samples of `frame` from `from` on into `target`.
    ///
    /// @return how many came out
    long convert(AVFrame frame, int from, SampleRoom target) {
        for (int i = 0; i < inPlanes; i++) {
            input.put(i, new BytePointer(frame.extended_data(i)).position((long) from * inStepBytes));
        }
        return pull(frame.nb_samples() - from, target);
    }

    /// Goes on with so many samples (of the source) of silence.
    long silence(long inSamples, SampleRoom target) {
        long out = 0;
        for (long left = inSamples; left > 0; left -= SILENCE_STEP) {
            NativeFailure.check("silence", swresample.swr_inject_silence(swr, (int) Math.min(left, SILENCE_STEP)));
            out += pull(0, target);
        }
        return out;
    }

    private long pull(int inSamples, SampleRoom target) {
        long out = 0;
        int in = inSamples;
        while (true) {
            int room = target.roomSamples();
            int count = NativeFailure.check("resampler", swresample.swr_convert(swr, target.room(), room, input, in));
            out += count;
            target.filled(count);
            if (count < room) {
                return out;
            }
            in = 0;
        }
    }

    /// What is inside comes out; nothing can come afterwards.
    long finish(SampleRoom target) {
        int count = NativeFailure.check(
                "resampler",
                swresample.swr_convert(swr, target.room(), target.roomSamples(), (PointerPointer<Pointer>) null, 0));
        target.filled(count);
        return count;
    }

    /// Adds so many samples in each second from now on, or takes them away.
    void stretch(int samplesPerSecond) {
        // The distance is longer than the time to the next call.
        NativeFailure.check("stretching", swresample.swr_set_compensation(swr, 10 * samplesPerSecond, 10 * outRateHz));
    }

    @Override
    public void close() {
        swresample.swr_free(swr);
        avutil.av_channel_layout_uninit(inLayout);
        inLayout.close();
        input.close();
    }
}
