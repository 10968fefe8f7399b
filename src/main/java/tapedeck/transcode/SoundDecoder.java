package tapedeck.transcode;

import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;

/// Packets into samples. Only in a worker.
final class SoundDecoder implements AutoCloseable {
    private final AVCodecContext decoder;
    private final AVPacket packet = avcodec.av_packet_alloc();
    private final AVFrame frame = avutil.av_frame_alloc();
    private BytePointer buffer = new BytePointer(4096L + avcodec.AV_INPUT_BUFFER_PADDING_SIZE);

    SoundDecoder(Entry.Source source) {
        AVCodec codec = avcodec.avcodec_find_decoder(codecId(source.codec()));
        if (codec == null) {
            throw new NativeFailure("no decoder for " + source.codec(), -1);
        }
        decoder = avcodec.avcodec_alloc_context3(codec);
        decoder.sample_rate(source.sampleRateHz());
        avutil.av_channel_layout_default(decoder.ch_layout(), source.channels());
        decoder.thread_count(1);
        int length = source.header().length();
        if (length > 0) {
            BytePointer header =
                    new BytePointer(avutil.av_mallocz((long) length + avcodec.AV_INPUT_BUFFER_PADDING_SIZE));
            header.put(source.header().toByteArray());
            decoder.extradata(header).extradata_size(length);
        }
        NativeFailure.check(
                "decoder " + source.codec(),
                avcodec.avcodec_open2(decoder, codec, (org.bytedeco.javacpp.PointerPointer<?>) null));
    }

    private static int codecId(String name) {
        return switch (name) {
            case "aac" -> avcodec.AV_CODEC_ID_AAC;
            case "opus" -> avcodec.AV_CODEC_ID_OPUS;
            case "mp3" -> avcodec.AV_CODEC_ID_MP3;
            case "ac3" -> avcodec.AV_CODEC_ID_AC3;
            case "pcm_alaw" -> avcodec.AV_CODEC_ID_PCM_ALAW;
            case "pcm_mulaw" -> avcodec.AV_CODEC_ID_PCM_MULAW;
            case "g722" -> avcodec.AV_CODEC_ID_ADPCM_G722;
            default -> throw new MalformedException("transcode: no sound codec " + name);
        };
    }

    /// The samples of this packet, valid until the next call, or null if it has none that can be decoded.
    @Nullable
    AVFrame decode(Bytes data) {
        int length = data.length();
        if (length + avcodec.AV_INPUT_BUFFER_PADDING_SIZE > buffer.capacity()) {
            buffer.close();
            buffer = new BytePointer(2L * length + avcodec.AV_INPUT_BUFFER_PADDING_SIZE);
        }
        buffer.position(0).put(data.toByteArray());
        for (int i = 0; i < avcodec.AV_INPUT_BUFFER_PADDING_SIZE; i++) {
            buffer.put((long) length + i, (byte) 0);
        }
        packet.data(buffer).size(length);
        if (avcodec.avcodec_send_packet(decoder, packet) < 0 || avcodec.avcodec_receive_frame(decoder, frame) < 0) {
            return null;
        }
        return frame.nb_samples() > 0 && frame.sample_rate() > 0 ? frame : null;
    }

    @Override
    public void close() {
        avutil.av_frame_free(frame);
        packet.data(null).size(0);
        avcodec.av_packet_free(packet);
        avcodec.avcodec_free_context(decoder);
        buffer.close();
    }
}
