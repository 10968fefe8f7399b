package tapedeck.container.flv;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.ByteWriter;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class FlvReaderTest {
    private static Bytes file() {
        ByteWriter out = new ByteWriter();
        out.ascii("FLV").u8(1).u8(5).u32(9).u32(0);
        ByteWriter metadata = Amf0.write(new ByteWriter(), "onMetaData");
        Amf0.writeEcmaArray(metadata, Map.of("streamName", "aaa", "videocodecid", 7.0, "audiocodecid", 0.0));
        new FlvTag(FlvTag.SCRIPT, 0, metadata.toBytes()).write(out);
        new FlvTag(FlvTag.AUDIO, 1, Bytes.EMPTY).write(out);
        new FlvTag(FlvTag.VIDEO, 0x01020304, Bytes.wrap(new byte[200_000])).write(out);
        return out.toBytes();
    }

    private static List<FlvTag> read(Bytes bytes, int most, Random random) {
        List<FlvTag> tags = new ArrayList<>();
        FlvReader reader = new FlvReader(tags::add);
        for (int at = 0; at < bytes.length(); ) {
            int to = Math.min(bytes.length(), at + 1 + random.nextInt(most));
            reader.receive(bytes.slice(at, to));
            at = to;
        }
        return tags;
    }

    @Test
    void inPiecesOfAnySizeItIsTheSame() {
        List<FlvTag> whole = read(file(), 1_000_000, new Random(1));
        assertEquals(List.of(18, 8, 9), whole.stream().map(FlvTag::type).toList());
        assertEquals(0x01020304, whole.getLast().timestampMillis());
        assertEquals(
                new FlvMetadata("aaa", true, false),
                FlvMetadata.read(whole.getFirst().body()));
        for (int most : new int[] {1, 20, 70_000}) {
            assertEquals(whole, read(file(), most, new Random(most)));
        }
        Bytes cut = file().slice(0, 100_000);
        assertEquals(2, read(cut, 4_000, new Random(2)).size());
    }

    @Test
    void whatIsNoFlvIsRefused() {
        for (String hex : List.of(
                "464c5602 05 00000009 00000000",
                "464c5601 05 00001000 00000000",
                "464c5601 05 00000009 00000000 07 000001 000000 00 000000",
                "464c5601 05 00000009 00000000 28 000001 000000 00 000000")) {
            assertThrows(MalformedException.class, () -> read(Bytes.ofHex(hex), 100, new Random(1)), hex);
        }
    }

    @Test
    void nothingButMalformedLeavesIt() {
        List<Bytes> seeds = new ArrayList<>(SharedMedia.bytes("flv", "key-frame-index.flv"));
        seeds.add(file().slice(0, 2_000));
        Fuzz.parser(seeds, List.of(), bytes -> {
            FlvDemuxer demuxer = new FlvDemuxer();
            new FlvReader(tag -> {
                        switch (tag.type()) {
                            case FlvTag.AUDIO -> demuxer.audio(tag.timestampMillis(), tag.body());
                            case FlvTag.VIDEO -> demuxer.video(tag.timestampMillis(), tag.body());
                            default -> FlvMetadata.read(tag.body());
                        }
                    })
                    .receive(bytes);
        });
    }
}
