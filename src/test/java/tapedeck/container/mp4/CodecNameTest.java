package tapedeck.container.mp4;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.peers.TestMedia;

class CodecNameTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "h264 | avc1.64000D",
                "h265 | hvc1.1.6.L60.90",
                "vp8 | vp08.00.10.08",
                "vp9 | vp09.00.11.08",
                "av1 | av01.0.00M.08",
                "aac | mp4a.40.2",
                "mp3 | mp4a.6B",
                "opus | opus",
                "alaw | alaw",
                "h264+aac | avc1.64000D,mp4a.40.2"
            })
    void everyCodecHasTheNameThatBrowsersKnow(String codecs, String name) {
        assertEquals(name, CodecName.ofAll(TestMedia.tracks(TestMedia.of(codecs, 1))));
    }
}
