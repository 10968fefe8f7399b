package tapedeck.transcode.picture;

import java.util.ArrayDeque;
import java.util.Deque;
import org.bytedeco.ffmpeg.avcodec.AVCodec;
import org.bytedeco.ffmpeg.avcodec.AVCodecContext;
import org.bytedeco.ffmpeg.avcodec.AVPacket;
import org.bytedeco.ffmpeg.avutil.AVFrame;
import org.bytedeco.ffmpeg.global.avcodec;
import org.bytedeco.ffmpeg.global.avutil;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.javacpp.PointerPointer;
import org.jspecify.annotations.Nullable;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.transcode.CodedSource;
import tapedeck.transcode.NativeFailure;

/// One picture track on its way into a mix. Packets wait as they are; only as many are decoded as are needed to know
/// which picture is the one of a moment. Only in a worker.
public final class PictureSource implements AutoCloseable {
    /// A picture is shown this much early rather than a whole tick late: stamps in milliseconds are rounded.
    private static final long EARLY_NANOS = 2_000_000;

    /// Pictures that may be decoded after one that is shown later than they are (ITU-T H.264 A.3.1: as many frames are
    /// in the buffer of decoded pictures).
    static final int MAX_REORDERED = 16;

    private final Deque<Packet> waiting = new ArrayDeque<>();
    private final AVPacket packet = avcodec.av_packet_alloc();
    private AVFrame current = avutil.av_frame_alloc();
    private AVFrame ahead = avutil.av_frame_alloc();
    private @Nullable AVCodecContext decoder;
    private boolean currentThere;
    private boolean aheadThere;
    private boolean draining;
    private boolean behind;
    private long skippedToNanos = Long.MIN_VALUE;
    /// Packets that no picture came of yet.
    private int inDecoder;
    private long serial;
    private int damaged;

    /// What the decoder is asked to do: a packet, or, with a source, to begin anew. Neither is the end.
    private record Packet(@Nullable CodedSource source, long ptsNanos, Bytes data) {
        static final Packet END = new Packet(null, 0, Bytes.EMPTY);

        boolean isPicture() {
            return source == null && !data.isEmpty();
        }
    }

    /// The packets from here on.
    public void source(CodedSource source) {
        waiting.add(new Packet(source, 0, Bytes.EMPTY));
    }

    public void packet(long ptsNanos, Bytes data) {
        if (!data.isEmpty()) {
            waiting.add(new Packet(null, ptsNanos, data));
        }
    }

    /// A keyframe of this time comes next: what still waits is not decoded if it begins so long before. Until the
    /// keyframe is shown, this [#isBehind].
    public void skip(long keyframeNanos, long staleNanos) {
        Packet first = waiting.stream().filter(Packet::isPicture).findFirst().orElse(null);
        if (first == null || keyframeNanos - first.ptsNanos() <= staleNanos) {
            return;
        }
        waiting.removeIf(Packet::isPicture);
        skippedToNanos = keyframeNanos;
    }

    /// No more packets come: what the decoder held back comes out.
    public void end() {
        waiting.add(Packet.END);
    }

    /// Goes on to the last picture that is there at this time.
    ///
    /// @param least pictures that are decoded for it
    /// @param workNanos for more of them: after that it [#isBehind]
    /// @return whether there is a picture
    public boolean advance(long nanos, int least, long workNanos) {
        behind = false;
        long begun = System.nanoTime();
        for (int count = 0; ; count++) {
            if (!aheadThere && isDue(nanos)) {
                aheadThere = decode();
            }
            if (!aheadThere || ahead.pts() > nanos + EARLY_NANOS) {
                return currentThere;
            }
            if (count >= least && System.nanoTime() - begun > workNanos) {
                behind = true;
                return currentThere;
            }
            AVFrame shown = ahead;
            ahead = current;
            current = shown;
            aheadThere = false;
            currentThere = true;
            serial++;
        }
    }

    /// Whether what waits may become a picture of this time. One that is decoded when it is due, and not before the
    /// others' are, is still in the processor's cache when it is scaled.
    private boolean isDue(long nanos) {
        if (inDecoder > 0) {
            return true;
        }
        int looked = 0;
        for (Packet packet : waiting) {
            if (!packet.isPicture() || packet.ptsNanos() <= nanos + EARLY_NANOS) {
                return true;
            }
            if (++looked > MAX_REORDERED) {
                return false;
            }
        }
        return false;
    }

    /// Whether [#advance] stopped before it was where it should be.
    public boolean isBehind() {
        return behind || currentThere && current.pts() < skippedToNanos;
    }

    /// The time of the current picture.
    public long currentNanos() {
        return current.pts();
    }

    /// The next picture into [#ahead], as far as packets are there.
    private boolean decode() {
        while (true) {
            AVCodecContext from = decoder;
            if (from != null) {
                int code = avcodec.avcodec_receive_frame(from, ahead);
                if (code >= 0) {
                    inDecoder = Math.max(0, inDecoder - 1);
                    if (ahead.pts() == avutil.AV_NOPTS_VALUE) {
                        ahead.pts(ahead.best_effort_timestamp());
                    }
                    return true;
                }
                if (draining) {
                    avcodec.avcodec_free_context(from);
                    decoder = null;
                    draining = false;
                }
            }
            Packet next = waiting.poll();
            if (next == null) {
                return false;
            }
            accept(next);
        }
    }

    private void accept(Packet next) {
        AVCodecContext to = decoder;
        if (next.isPicture()) {
            send(next);
        } else if (to != null) {
            // What it holds back comes out first; a new source is looked at again then.
            avcodec.avcodec_send_packet(to, null);
            draining = true;
            if (next.source() != null) {
                waiting.addFirst(next);
            }
        } else if (next.source() != null) {
            decoder = open(next.source());
            inDecoder = 0;
        }
    }

    private void send(Packet next) {
        AVCodecContext to = decoder;
        if (to == null) {
            damaged++;
            return;
        }
        int length = next.data().length();
        NativeFailure.check("packet", avcodec.av_new_packet(packet, length));
        packet.data().put(next.data().toByteArray(), 0, length);
        packet.pts(next.ptsNanos()).dts(avutil.AV_NOPTS_VALUE);
        if (avcodec.avcodec_send_packet(to, packet) < 0) {
            damaged++;
        } else {
            inDecoder++;
        }
        avcodec.av_packet_unref(packet);
    }

    /// Null for what cannot be decoded: its packets are counted, and there is no picture.
    private static @Nullable AVCodecContext open(CodedSource source) {
        AVCodec codec = find(source.codec());
        if (codec == null) {
            return null;
        }
        AVCodecContext context = avcodec.avcodec_alloc_context3(codec);
        context.thread_count(1);
        context.pkt_timebase().num(1).den(1_000_000_000);
        int length = source.header().length();
        if (length > 0) {
            BytePointer header =
                    new BytePointer(avutil.av_mallocz((long) length + avcodec.AV_INPUT_BUFFER_PADDING_SIZE));
            header.put(source.header().toByteArray(), 0, length);
            context.extradata(header).extradata_size(length);
        }
        if (avcodec.avcodec_open2(context, codec, (PointerPointer<?>) null) < 0) {
            avcodec.avcodec_free_context(context);
            return null;
        }
        return context;
    }

    private static @Nullable AVCodec find(String name) {
        return switch (name) {
            case "h264" -> avcodec.avcodec_find_decoder(avcodec.AV_CODEC_ID_H264);
            case "hevc" -> avcodec.avcodec_find_decoder(avcodec.AV_CODEC_ID_HEVC);
            case "vp8" -> avcodec.avcodec_find_decoder(avcodec.AV_CODEC_ID_VP8);
            case "vp9" -> avcodec.avcodec_find_decoder(avcodec.AV_CODEC_ID_VP9);
            // FFmpeg's own needs hardware.
            case "av1" ->
                avcodec.avcodec_find_decoder_by_name("libdav1d") == null
                        ? avcodec.avcodec_find_decoder_by_name("libaom-av1")
                        : avcodec.avcodec_find_decoder_by_name("libdav1d");
            default -> throw new MalformedException("transcode: no picture codec " + name);
        };
    }

    /// The picture that [#advance] came to; another number for each.
    long serial() {
        return serial;
    }

    AVFrame current() {
        return current;
    }

    /// Packets that could not be decoded.
    public int damaged() {
        return damaged;
    }

    /// Packets that wait.
    public int waiting() {
        return waiting.size();
    }

    @Override
    public void close() {
        avutil.av_frame_free(current);
        avutil.av_frame_free(ahead);
        avcodec.av_packet_free(packet);
        if (decoder != null) {
            avcodec.avcodec_free_context(decoder);
            decoder = null;
        }
    }
}
