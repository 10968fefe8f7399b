package tapedeck.transcode.picture;

import java.util.ArrayList;
import java.util.List;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.codec.h264.H264;
import tapedeck.transcode.NativeFailure;

/// A [Canvas] into H.264, one access unit a tick, without pictures that come out of order. Only in a worker.
public final class PictureEncoder implements AutoCloseable {
    private final AVCodecContext encoder;
    private final AVPacket packet = avcodec.av_packet_alloc();
    private final Sink sink;
    private boolean keyframeWanted;

    /// @param name of the encoder as FFmpeg has it: `libopenh264`, or `libx264` where that was built in
    /// @param keyframeTicks a keyframe at least so often
    public record Options(
            String name, int width, int height, int ticksPerSecond, int bitsPerSecond, int keyframeTicks) {}

    /// Takes what comes out, in order.
    public interface Sink {
        /// @param data NAL units with their lengths, without parameter sets
        void encoded(long tick, boolean keyframe, Bytes data);
    }

    /// @param prompt whether each picture comes out before the next one goes in
    public PictureEncoder(Options options, boolean prompt, Sink sink) {
        this.sink = sink;
        AVCodec codec = avcodec.avcodec_find_encoder_by_name(options.name());
        if (codec == null) {
            throw new NativeFailure("no encoder " + options.name(), -1);
        }
        encoder = avcodec.avcodec_alloc_context3(codec);
        encoder.width(options.width()).height(options.height()).pix_fmt(avutil.AV_PIX_FMT_YUV420P);
        encoder.time_base().num(1).den(options.ticksPerSecond());
        encoder.framerate().num(options.ticksPerSecond()).den(1);
        encoder.bit_rate(options.bitsPerSecond())
                .gop_size(options.keyframeTicks())
                .max_b_frames(0)
                .thread_count(1)
                .flags(encoder.flags() | avcodec.AV_CODEC_FLAG_GLOBAL_HEADER)
                .color_range(avutil.AVCOL_RANGE_MPEG);
        if (options.name().equals("libx264")) {
            option("preset", "veryfast");
            option("forced-idr", "1");
            if (prompt) {
                option("tune", "zerolatency");
            }
        }
        NativeFailure.check(options.name(), avcodec.avcodec_open2(encoder, codec, (PointerPointer<?>) null));
    }

    private void option(String name, String value) {
        NativeFailure.check(name, avutil.av_opt_set(encoder.priv_data(), name, value, 0));
    }

    /// The next picture will be a keyframe.
    public void keyframe() {
        keyframeWanted = true;
    }

    /// What decoders need: an `avcC`.
    public Bytes header() {
        byte[] extra = new byte[encoder.extradata_size()];
        encoder.extradata().get(extra, 0, extra.length);
        List<Bytes> units = H264.splitAnnexB(Bytes.wrap(extra));
        return H264.toAvcc(H264.fromParameterSets(of(units, H264.NAL_SPS), of(units, H264.NAL_PPS)));
    }

    private static List<Bytes> of(List<Bytes> units, int type) {
        return units.stream()
                .filter(unit -> H264.nalUnitType(unit.u8(0)) == type)
                .toList();
    }

    public void encode(Canvas canvas, long tick) {
        AVFrame frame = canvas.frame();
        frame.pts(tick);
        frame.pict_type(keyframeWanted ? avutil.AV_PICTURE_TYPE_I : avutil.AV_PICTURE_TYPE_NONE);
        keyframeWanted = false;
        encode(frame);
    }

    /// What the encoder held back comes out; nothing can follow.
    public void finish() {
        encode(null);
    }

    private void encode(@Nullable AVFrame frame) {
        NativeFailure.check("picture", avcodec.avcodec_send_frame(encoder, frame));
        while (avcodec.avcodec_receive_packet(encoder, packet) >= 0) {
            byte[] data = new byte[packet.size()];
            packet.data().get(data, 0, data.length);
            boolean keyframe = (packet.flags() & avcodec.AV_PKT_FLAG_KEY) != 0;
            long tick = packet.pts();
            avcodec.av_packet_unref(packet);
            List<Bytes> units = new ArrayList<>();
            for (Bytes unit : H264.splitAnnexB(Bytes.wrap(data))) {
                switch (H264.nalUnitType(unit.u8(0))) {
                    case H264.NAL_SPS, H264.NAL_PPS, H264.NAL_AUD -> {}
                    default -> units.add(unit);
                }
            }
            sink.encoded(tick, keyframe, H264.accessUnit(units));
        }
    }

    @Override
    public void close() {
        avcodec.av_packet_free(packet);
        avcodec.avcodec_free_context(encoder);
    }
}
