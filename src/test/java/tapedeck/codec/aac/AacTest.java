package tapedeck.codec.aac;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.media.Codec;
import tapedeck.peers.Fuzz;
import tapedeck.peers.SharedMedia;

class AacTest {
    @ParameterizedTest
    @CsvSource({
        "1210, 44100, 2, 1024", // LC
        "1190, 48000, 2, 1024",
        "1188, 48000, 1, 1024",
        "1588, 8000, 1, 1024",
        "1194, 48000, 2, 960", // frameLengthFlag
        "17809c4010, 80000, 2, 1024", // rate of 24 bits
        "2b920800, 44100, 2, 2048", // HE-AAC, explicit
        "eb8a0800, 44100, 2, 2048", // HE-AAC v2, explicit: mono core
        "139056e5a0, 44100, 2, 2048", // SBR behind an LC configuration
        "138856e5a54880, 44100, 2, 2048", // and PS
        "131056e500, 24000, 2, 1024", // the extension says: no SBR
        "118004c80000010000, 48000, 3, 1024", // channels by a program config element
        "1238, 44100, 8, 1024", // 7.1
        "f8e640, 48000, 2, 512", // ER AAC ELD
    })
    void aConfigurationSaysWhatPlayersReport(String hex, int rate, int channels, int samplesPerFrame) {
        Codec.Aac codec = Aac.fromConfig(Bytes.ofHex(hex));
        assertEquals(
                List.of(rate, channels, samplesPerFrame),
                List.of(codec.sampleRateHz(), codec.channels(), Aac.samplesPerFrame(codec)));
    }

    @Test
    void aConfigurationIsMadeFromRateAndChannels() {
        assertEquals(Bytes.ofHex("1210"), Aac.lc(44_100, 2).config());
        assertEquals(Bytes.ofHex("1588"), Aac.lc(8_000, 1).config());
        assertEquals(Bytes.ofHex("17809c4090"), Aac.lc(80_001, 2).config());
        assertEquals(new Codec.Aac(Bytes.ofHex("11b0"), 48_000, 6), Aac.lc(48_000, 6));
        assertThrows(IllegalArgumentException.class, () -> Aac.lc(48_000, 9));
    }

    @Test
    void impossibleConfigurationsAreRefused() {
        for (String hex : List.of("", "12", "1690", "1250", "178005dc10", "17ffffff90", "1200")) {
            assertThrows(MalformedException.class, () -> Aac.fromConfig(Bytes.ofHex(hex)), hex);
        }
    }

    @Test
    void anAdtsHeaderIsWrittenAndRead() {
        Codec.Aac codec = Aac.lc(44_100, 2);
        Bytes header = AdtsHeader.write(codec, 371 - 7);
        assertEquals(Bytes.ofHex("fff150802e7ffc"), header);
        AdtsHeader parsed = AdtsHeader.parse(header);
        assertEquals(new AdtsHeader(2, 44_100, 2, 7, 371, 1), parsed);
        assertEquals(codec, parsed.codec());
        assertEquals(9, AdtsHeader.parse(Bytes.ofHex("fff050802e7ffc")).headerBytes());
    }

    @Test
    void aFrameTooLongForAdtsIsRefused() {
        Codec.Aac codec = Aac.lc(44_100, 2);
        assertEquals(8191, AdtsHeader.parse(AdtsHeader.write(codec, 8184)).frameBytes());
        assertThrows(IllegalArgumentException.class, () -> AdtsHeader.write(codec, 8185));
        assertThrows(MalformedException.class, () -> AdtsHeader.parse(Bytes.ofHex("fff15080003ffc"))); // of 1 byte
        assertThrows(MalformedException.class, () -> AdtsHeader.parse(Bytes.ofHex("ffe150802e7ffc")));
    }

    @Test
    void damagedConfigurationsAreRefusedInWords() {
        List<Bytes> good = List.of(
                Bytes.ofHex("1210"),
                Bytes.ofHex("eb8a0800"),
                Bytes.ofHex("138856e5a54880"),
                Bytes.ofHex("118004c80000010000"));
        List<Bytes> further =
                SharedMedia.bytes("fuzz-seeds/mediacommon/codecs_mpeg4audio.FuzzAudioSpecificConfigUnmarshal");
        Fuzz.parser(good, further, bytes -> Aac.samplesPerFrame(Aac.fromConfig(bytes)));
    }

    @Test
    void damagedAdtsHeadersAreRefusedInWords() {
        List<Bytes> further = SharedMedia.bytes("fuzz-seeds/mediacommon/codecs_mpeg4audio.FuzzADTSUnmarshal");
        Fuzz.parser(
                List.of(Bytes.ofHex("fff150802e7ffc")),
                further,
                bytes -> AdtsHeader.parse(bytes).codec());
    }
}
