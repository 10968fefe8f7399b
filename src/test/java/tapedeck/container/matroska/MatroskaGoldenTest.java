package tapedeck.container.matroska;

import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.codec.aac.Aac;
import tapedeck.codec.h264.H264;
import tapedeck.container.MemoryFile;
import tapedeck.container.MuxerOptions;
import tapedeck.media.Codec;
import tapedeck.media.Frame;
import tapedeck.media.Track;
import tapedeck.peers.Golden;

class MatroskaGoldenTest {
    private static final MuxerOptions SMALL = new MuxerOptions(Samples.OPTIONS.startedAt(), 64, "");

    @Test
    void aWebmGrowsAndIsFinished() throws IOException {
        List<Frame> frames =
                Samples.frames(Samples.VP8, Samples.OPUS, 2, 10_000).subList(0, 80);
        check("webm", MatroskaFormat.WEBM, frames, Samples.OPTIONS);
    }

    @Test
    void cuesWithoutRoomInFrontGoToTheEnd() throws IOException {
        List<Frame> frames = Samples.frames(Samples.VP8, Samples.AAC, 4, 0).stream()
                .filter(frame -> frame.keyframe() && frame.track().isVideo())
                .toList();
        check("mkv-cues-at-the-end", MatroskaFormat.MKV, frames, SMALL);
    }

    @Test
    void everyCodecHasItsTrackEntry() throws IOException {
        List<Bytes> sps = List.of(Bytes.ofHex("6742c00a8c8d4141f9f3c2211a80"));
        Codec.H264 h264 = H264.fromParameterSets(sps, List.of(Bytes.ofHex("68ce3c80")));
        List<Codec> codecs = List.of(
                h264,
                new Codec.Vp8(640, 360),
                new Codec.Vp9(2, 10, 640, 360),
                new Codec.Av1(Bytes.ofHex("0a0b000000043d07c4daf90040"), 322, 242),
                new Codec.Opus(6, 312),
                Aac.lc(44_100, 1),
                new Codec.Mp3(44_100, 2),
                new Codec.Pcma(8000, 1),
                new Codec.Pcmu(16_000, 2));
        List<Frame> frames = new java.util.ArrayList<>();
        for (int i = 0; i < codecs.size(); i++) {
            frames.add(new Frame(new Track(i + 1, codecs.get(i)), 0, 0, true, Bytes.ofU8(1, 2, 3)));
        }
        check("mkv-codecs", MatroskaFormat.MKV, frames, SMALL);
    }

    private static void check(String name, MatroskaFormat format, List<Frame> frames, MuxerOptions options)
            throws IOException {
        MemoryFile file = Samples.growing(format, frames, options);
        Golden.check("matroska/" + name + "-growing", ElementTree.of(file.content()));
        format.finish(file);
        Golden.check("matroska/" + name + "-finished", ElementTree.of(file.content()));
    }
}
