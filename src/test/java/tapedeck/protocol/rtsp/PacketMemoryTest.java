package tapedeck.protocol.rtsp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.Unpooled;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.container.Container;
import tapedeck.container.MemoryFile;
import tapedeck.container.Muxer;
import tapedeck.container.MuxerOptions;
import tapedeck.container.ts.TsDemuxer;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.rtp.RtpPacket;
import tapedeck.rtp.RtpTracks;
import tapedeck.rtp.payload.Packetizer;
import tapedeck.rtp.payload.PayloadFormat;

/// A stream that is cut to packets costs new memory for its frames once: what the packets themselves need is used
/// again, or the collector of garbage runs two or three times as often as for RTMP.
class PacketMemoryTest {
    private static final int FRAMES = 600;
    private static final int FRAME_BYTES = 12_000;
    private static final int RTP_TYPE = 96;
    /// Of each byte of media. What is not used again costs one more.
    private static final double MOST = 1.6;

    private static final Track VIDEO = new Track(
            Track.VIDEO,
            new Codec.H264(List.of(Bytes.ofHex("6742c01eda050299")), List.of(Bytes.ofHex("68ce3c80")), 320, 320));

    private final List<Frame> sent = frames();
    private final List<Bytes> came = new ArrayList<>(FRAMES);

    private static List<Frame> frames() {
        Random random = new Random(1);
        List<Frame> frames = new ArrayList<>();
        for (int i = 0; i < FRAMES; i++) {
            byte[] noise = new byte[FRAME_BYTES];
            random.nextBytes(noise);
            // Neither a start code nor zeros at the end, which only some formats keep.
            for (int at = 0; at < noise.length; at++) {
                noise[at] |= 0x10;
            }
            boolean keyframe = i % 60 == 0;
            Bytes data = new ByteWriter(FRAME_BYTES + 5)
                    .u32(FRAME_BYTES + 1)
                    .u8(keyframe ? 0x65 : 0x41)
                    .bytes(noise)
                    .toBytes();
            frames.add(new Frame(VIDEO, i * 40_000_000L, i * 40_000_000L, keyframe, data));
        }
        return frames;
    }

    /// What the work costs of the memory that the frames have, which come with it.
    private double memory(Runnable work) {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        work.run();
        long used = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(sent.stream().map(Frame::data).toList(), came);
        return (double) used / FRAMES / FRAME_BYTES;
    }

    @Test
    void rtspOnTheConnectionCostsLittleMoreThanTheFrames() {
        ByteWriter wire = new ByteWriter(FRAMES * FRAME_BYTES * 11 / 10);
        Packetizer packetizer = Packetizer.of(VIDEO.codec(), 1400);
        int[] sequence = {0};
        for (Frame frame : sent) {
            packetizer.packetize(frame, (header, body, marker) -> {
                Bytes payload = Packetizer.joined(header, body);
                Bytes packet = RtpPacket.of(
                                RTP_TYPE, marker, sequence[0]++, frame.ptsNanos() / 100_000 * 9, 7, List.of(), payload)
                        .bytes();
                wire.u8('$').u8(0).u16(packet.length()).bytes(packet);
            });
        }
        ByteBuf bytes = Unpooled.directBuffer().writeBytes(wire.toByteArray());
        RtpTracks tracks = new RtpTracks(0, 0, "test", frame -> came.add(frame.data()), _ -> {});
        tracks.add(0, Track.VIDEO, List.of(new PayloadFormat(RTP_TYPE, "H264", 90_000, 1)), RtpTracks.Reports.NONE);
        long[] now = {0};
        RtspDecoder decoder = new RtspDecoder(message -> {
            if (message instanceof RtspMessage.Interleaved(int _, Bytes packet)) {
                tracks.receive(0, false, packet, now[0]);
            }
        });
        double memory = memory(() -> {
            while (bytes.isReadable()) {
                // A tick's worth.
                decoder.decode(bytes.readSlice(Math.min(bytes.readableBytes(), 30_000)));
                now[0] += 100_000_000;
                tracks.poll(now[0]);
            }
        });
        bytes.release();
        assertTrue(memory < MOST, "%.2f".formatted(memory));
    }

    @Test
    void aTransportStreamCostsLittleMoreThanTheFrames() throws Exception {
        MemoryFile file = new MemoryFile();
        try (Muxer muxer =
                Container.TS.muxer(file, List.of(VIDEO), new MuxerOptions(java.time.Instant.EPOCH, 0, "memory"))) {
            for (Frame frame : sent) {
                muxer.write(frame);
            }
        }
        Bytes wire = file.content();
        byte[] part = new byte[8192];
        TsDemuxer demuxer = TsDemuxer.live(frame -> came.add(frame.data()));
        double memory = memory(() -> {
            for (int at = 0; at < wire.length(); at += part.length) {
                int count = Math.min(part.length, wire.length() - at);
                wire.copyTo(at, part, 0, count);
                demuxer.receive(Bytes.wrap(part, 0, count));
            }
            demuxer.end();
        });
        assertTrue(memory < MOST, "%.2f".formatted(memory));
    }
}
