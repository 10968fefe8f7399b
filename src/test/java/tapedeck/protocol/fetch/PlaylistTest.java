package tapedeck.protocol.fetch;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;
import tapedeck.protocol.fetch.Playlist.Part;

class PlaylistTest {
    @Test
    void segmentsAreCountedAndRangesFollowEachOther() {
        Playlist playlist = Playlist.parse("""
                #EXTM3U
                #EXT-X-TARGETDURATION:4
                #EXT-X-MEDIA-SEQUENCE:7
                #EXT-X-MAP:URI="init.mp4",BYTERANGE="10@0"
                #EXTINF:3.5,title
                #EXT-X-BYTERANGE:100@10
                all.mp4
                #EXT-X-DISCONTINUITY
                #EXTINF:4,
                #EXT-X-BYTERANGE:50
                all.mp4
                #EXT-X-GAP
                #EXTINF:4
                lost.mp4
                #EXT-X-ENDLIST
                """);
        assertTrue(playlist.ended());
        assertEquals(4, playlist.targetSeconds());
        assertEquals(
                List.of(7L, 8L, 9L),
                playlist.segments().stream().map(Playlist.Segment::sequence).toList());
        assertEquals("bytes=10-109", playlist.segments().getFirst().part().range());
        assertEquals(new Part("all.mp4", 110, 50), playlist.segments().get(1).part());
        assertTrue(playlist.segments().get(1).discontinuity());
        assertTrue(playlist.segments().getLast().gap());
        assertEquals(new Part("init.mp4", 0, 10), playlist.segments().getLast().init());
    }

    @Test
    void theBestVariantIsTheFirst() {
        Playlist playlist = Playlist.parse(
                "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=5,CODECS=\"x,y\"\nlow\n#EXT-X-STREAM-INF:BANDWIDTH=50\nhigh\n");
        assertTrue(playlist.isMaster());
        assertEquals("high", playlist.variants().getFirst().uri());
    }

    @Test
    void whatCannotBeIsRefused() {
        for (String text : List.of(
                "<html>",
                "#EXTM3U\n#EXT-X-MEDIA-SEQUENCE:x",
                "#EXTM3U\n#EXTINF:abc,\na",
                "#EXTM3U\n#EXT-X-BYTERANGE:0\na",
                "#EXTM3U\n#EXT-X-MAP:X=1",
                "#EXTM3U\n" + "a\n".repeat(Playlist.MAX_SEGMENTS + 1))) {
            assertThrows(MalformedException.class, () -> Playlist.parse(text), () -> text.substring(0, 8));
        }
    }

    @Test
    void nothingButMalformedLeavesIt() {
        List<Bytes> seeds = new ArrayList<>(SharedMedia.bytes("hls", "m3u8"));
        seeds.add(Bytes.ofUtf8("#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-BYTERANGE:100@10\n#EXTINF:3.5,\nall.mp4\n"));
        Fuzz.parser(seeds, List.of(), bytes -> Playlist.parse(bytes.toUtf8()));
    }
}
