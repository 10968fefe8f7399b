package tapedeck.transcode;

import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.function.Consumer;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.Pointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;

/// Samples into AAC-LC frames. Only in a worker.
///
/// The encoder's first packet is what a decoder needs in front of the first samples, and lies before them in time: it
/// is left out, so that frame 0 decodes to samples 0 to 1023 (the first of them faded in).
final class AacEncoder implements SampleRoom, AutoCloseable {
    static final int FRAME_SAMPLES = 1024;

    private static final int CAPACITY = 32 * FRAME_SAMPLES;
    private static final int FLOAT_BYTES = Float.BYTES;

    /// Quality of FFmpeg's encoder for modes 1 to 5, chosen for the rates in docs/recording.md.
    private static final double[] QUALITY = {0.3, 0.55, 0.85, 1.2, 1.55};
    /// Mode 0, for each channel.
    private static final int CONSTANT_BITS_PER_SECOND = 56_000;
    /// ISO/IEC 14496-3 4.5.1.2: at most 6144 bits a frame and channel.
    private static final int MAX_BITS_PER_SAMPLE = 6;

    private final int channels;
    private final AVCodecContext encoder;
    private final AVFrame frame = avutil.av_frame_alloc();
    private final AVPacket packet = avcodec.av_packet_alloc();
    private final BytePointer[] planes;
    private final FloatBuffer[] views;
    private final PointerPointer<Pointer> room;
    private final Consumer<Bytes> sink;
    private int fill;
    private boolean primed;

    AacEncoder(Entry.Open settings, Consumer<Bytes> sink) {
        this.channels = settings.channels();
        this.sink = sink;
        AVCodec codec = avcodec.avcodec_find_encoder(avcodec.AV_CODEC_ID_AAC);
        if (codec == null) {
            throw new NativeFailure("no AAC encoder", -1);
        }
        encoder = avcodec.avcodec_alloc_context3(codec);
        encoder.sample_rate(settings.sampleRateHz()).sample_fmt(avutil.AV_SAMPLE_FMT_FLTP);
        avutil.av_channel_layout_default(encoder.ch_layout(), channels);
        encoder.time_base().num(1).den(settings.sampleRateHz());
        encoder.thread_count(1);
        if (settings.bitrateMode() == 0) {
            encoder.bit_rate((long) channels
                    * Math.min(CONSTANT_BITS_PER_SECOND, MAX_BITS_PER_SAMPLE * settings.sampleRateHz() / 2));
        } else {
            encoder.flags(encoder.flags() | avcodec.AV_CODEC_FLAG_QSCALE);
            encoder.global_quality((int) (QUALITY[settings.bitrateMode() - 1] * avutil.FF_QP2LAMBDA));
        }
        option("aac_coder", "fast");
        // Both cost a tenth and do not help this encoder (docs/recording.md).
        option("aac_pns", "0");
        option("aac_tns", "0");
        NativeFailure.check("AAC encoder", avcodec.avcodec_open2(encoder, codec, (PointerPointer<?>) null));
        planes = new BytePointer[channels];
        views = new FloatBuffer[channels];
        room = new PointerPointer<>(channels);
        for (int i = 0; i < channels; i++) {
            planes[i] = new BytePointer((long) CAPACITY * FLOAT_BYTES);
            views[i] = planes[i].asByteBuffer().order(ByteOrder.nativeOrder()).asFloatBuffer();
        }
        frame.format(avutil.AV_SAMPLE_FMT_FLTP)
                .sample_rate(settings.sampleRateHz())
                .nb_samples(FRAME_SAMPLES);
        avutil.av_channel_layout_default(frame.ch_layout(), channels);
    }

    private void option(String name, String value) {
        NativeFailure.check(name, avutil.av_opt_set(encoder.priv_data(), name, value, 0));
    }

    @Override
    public PointerPointer<Pointer> room() {
        for (int i = 0; i < channels; i++) {
            room.put(i, planes[i].position((long) fill * FLOAT_BYTES));
        }
        return room;
    }

    @Override
    public int roomSamples() {
        return CAPACITY - fill;
    }

    @Override
    public void filled(int samples) {
        fill += samples;
        int from = 0;
        for (; fill - from >= FRAME_SAMPLES; from += FRAME_SAMPLES) {
            send(from);
        }
        if (from > 0) {
            fill -= from;
            for (BytePointer plane : planes) {
                long rest = (long) fill * FLOAT_BYTES;
                // Two pointers, because a position is part of the pointer.
                BytePointer source = new BytePointer(plane);
                Pointer.memmove(plane.position(0), source.position((long) from * FLOAT_BYTES), rest);
            }
        }
    }

    /// Puts in samples that stand in arrays, at most [#roomSamples] of them.
    void put(float[][] samples, int from, int count) {
        for (int i = 0; i < channels; i++) {
            views[i].put(fill, samples[i], from, count);
        }
        filled(count);
    }

    /// Puts in silence.
    void silence(int samples) {
        for (int left = samples; left > 0; ) {
            int step = Math.min(left, roomSamples());
            zero(step);
            filled(step);
            left -= step;
        }
    }

    private void zero(int samples) {
        for (BytePointer plane : planes) {
            Pointer.memset(plane.position((long) fill * FLOAT_BYTES), 0, (long) samples * FLOAT_BYTES);
        }
    }

    private void send(int from) {
        for (int i = 0; i < channels; i++) {
            frame.data(i, planes[i].position((long) from * FLOAT_BYTES));
        }
        encode(frame);
    }

    private void encode(@Nullable AVFrame samples) {
        NativeFailure.check("AAC samples", avcodec.avcodec_send_frame(encoder, samples));
        while (avcodec.avcodec_receive_packet(encoder, packet) >= 0) {
            byte[] data = new byte[packet.size()];
            packet.data().get(data);
            avcodec.av_packet_unref(packet);
            if (primed) {
                sink.accept(Bytes.wrap(data));
            }
            primed = true;
        }
    }

    /// Encodes what is left, filled up with silence. Nothing can come afterwards.
    void finish() {
        if (fill > 0) {
            silence(FRAME_SAMPLES - fill % FRAME_SAMPLES);
        }
        encode(null);
    }

    @Override
    public void close() {
        for (int i = 0; i < channels; i++) {
            frame.data(i, null);
            planes[i].close();
        }
        room.close();
        avutil.av_frame_free(frame);
        avcodec.av_packet_free(packet);
        avcodec.avcodec_free_context(encoder);
    }
}
