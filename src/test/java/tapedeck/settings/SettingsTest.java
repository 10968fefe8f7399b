package tapedeck.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tapedeck.settings.Settings.FileFormat;
import tapedeck.settings.Settings.NameEncoding;
import tapedeck.settings.Settings.VideoFormat;

class SettingsTest {
    @TempDir
    private Path folder;

    private Settings read(String... assignments) throws SettingsException {
        return SettingsSource.read(folder.resolve("none"), Map.of(), List.of(assignments));
    }

    @Test
    void defaultsAreThoseOfTheContract() throws SettingsException {
        Settings settings = read();
        assertEquals(OptionalInt.of(8081), settings.http().port().number());
        assertEquals(OptionalInt.of(1935), settings.rtmp().port().number());
        assertEquals(OptionalInt.of(8189), settings.webrtc().port().number());
        assertTrue(settings.http().trustLoopback());
        assertEquals(100, settings.http().callsPerSecond());
        Settings.Recording recording = settings.recording();
        assertTrue(recording.streams());
        assertEquals(false, recording.rtmpStreams());
        assertEquals("stream-{mediaSessionId}-{login}", recording.nameTemplate());
        assertEquals("/", recording.excludedCharacters());
        assertEquals(FileFormat.MP4, recording.formats().get(VideoFormat.H264));
        assertEquals(FileFormat.WEBM, recording.formats().get(VideoFormat.VP8));
        assertEquals(1L << 30, recording.minSpaceBytes());
        assertEquals(4, recording.threads());
        assertEquals(2048, recording.mp4().reserveKib());
        assertEquals(15, recording.stopTimeoutSeconds());
        assertEquals(OptionalLong.empty(), recording.fsync());
        assertEquals(recording.dir(), recording.tmpDir());
        assertEquals(Map.of(), settings.unbuilt().values());
    }

    @Test
    void theCommandLineBeatsTheEnvironmentBeatsTheFile() throws Exception {
        Path file = folder.resolve("tapedeck.properties");
        Files.writeString(file, "rtmp_port=1\nhttp_port=1\nwebrtc_port=1\n");
        Map<String, String> environment =
                Map.of("TAPEDECK_HTTP_PORT", "2", "TAPEDECK_WEBRTC_PORT", "2", "PATH", "ignored");
        Settings settings = SettingsSource.read(file, environment, List.of("webrtc_port=3"));
        assertEquals(OptionalInt.of(1), settings.rtmp().port().number());
        assertEquals(OptionalInt.of(2), settings.http().port().number());
        assertEquals(OptionalInt.of(3), settings.webrtc().port().number());
    }

    @Test
    void anEmptyPortTurnsTheProtocolOff() throws SettingsException {
        assertEquals(OptionalInt.empty(), read("rtmp_port=").rtmp().port().number());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "rtmp_port=70000 | a number from 0 to 65535",
                "rtmp_port=x | a number from 0 to 65535",
                "rtmp_prot=1 | unknown key, did you mean rtmp_port?",
                "wholly_other_thing=1 | unknown key; docs/settings.md lists all",
                "record_streams=yes | true or false",
                "record_formats=h264-webm | webm cannot carry h264",
                "record_formats=vp8-ts | ts cannot carry vp8",
                "record_audio_codec_sample_rate=44000 | one of 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, "
                        + "48000, 64000, 88200, 96000",
                "record_webhook_url=ftp://x/ | an address like https://host/path without a password is needed",
                "database_url=jdbc:mysql:x | jdbc:postgresql:… or jdbc:h2:… or nothing",
                "record_formats=h264 | pairs like h264-mp4, vp8-webm are needed",
                "record_formats=h266-mp4 | one of h264, h265, vp8, vp9, av1",
                "encode_record_name=true | false, or true,HEX, or true,BASE64",
                "file_recorder_min_space=5k | a number with g or m, like 1g or 1024m",
                "record_fsync=sometimes | none, fragment, or a number of milliseconds",
                "record_fragment_duration=1 | a number from 300 to 10000",
                "on_record_hook_script=/no/such/script | an executable file is needed",
                "record_response_content_disposition_header_value=other | one of inline, attachment",
                "publish_auth=yes | one of none, password, jwt, webhook",
                "play_auth=jwt | auth_jwt_secret or auth_jwks_url has to be set",
                "publish_auth=webhook | auth_webhook_url has to be set",
                "auth_webhook_url=ftp://x/ | an address like https://host/path without a password is needed",
                "auth_jwks_url=http://keys.example.net/ | an address like https://host/path without a password is "
                        + "needed; http only to this machine",
                "auth_webhook_timeout=0 | a number from 1 to 30",
                "record_rotation=banana | seconds as in 20, megabytes as in 20M, or disabled",
                "https_port=x | a number from 0 to 65535",
                "wss_port=x | a port, or nothing",
                "record_mp4_audio=mp3 | one of aac, copy",
                "stream_record_policy_template={streamname} | elements are streamName, duration, startTime, endTime, "
                        + "startTimeMillis, endTimeMillis, sessionId, mediaSessionId, login, audioCodec, videoCodec",
            })
    void aBadSettingIsOneLineThatNamesKeyValueAndWhatIsAllowed(String assignment, String says) {
        SettingsException refused = assertThrows(SettingsException.class, () -> read(assignment));
        assertEquals(assignment + " (on the command line): " + says, refused.getMessage());
    }

    @Test
    void aSecretThatCannotBeUsedIsNotSaid() {
        SettingsException refused = assertThrows(SettingsException.class, () -> read("auth_jwt_secret=short"));
        assertEquals(
                "auth_jwt_secret=… (on the command line): at least 32 bytes are needed, as RFC 7518 3.2 says",
                refused.getMessage());
    }

    @Test
    void tokensAreSignedInOneWay() {
        SettingsException refused = assertThrows(
                SettingsException.class,
                () -> read("auth_jwt_secret=" + "s".repeat(32), "auth_jwks_url=https://keys.example.net/jwks"));
        assertTrue(refused.getMessage().endsWith("either this or auth_jwt_secret"), refused.getMessage());
    }

    @Test
    void valuesArriveInTheTree() throws SettingsException {
        Settings settings = read(
                "record_formats=h264-mkv, vp8-mkv",
                "encode_record_name=true,HEX",
                "record_fsync=fragment",
                "file_recorder_min_space=1024m",
                "record_dir=" + folder.resolve("r"),
                "record_rotation=10M",
                "https_port=1",
                "ws_port=2",
                "wss_port=1",
                "webrtc_announce=192.0.2.1, 192.0.2.2");
        assertEquals(FileFormat.MKV, settings.recording().formats().get(VideoFormat.H264));
        assertEquals(FileFormat.MKV, settings.recording().formats().get(VideoFormat.VP8));
        assertEquals(NameEncoding.HEX, settings.recording().nameEncoding());
        assertEquals(OptionalLong.of(0), settings.recording().fsync());
        assertEquals(1L << 30, settings.recording().minSpaceBytes());
        assertEquals(folder.resolve("r").toAbsolutePath(), settings.recording().tmpDir());
        assertEquals("10M", settings.recording().rotation());
        assertEquals(OptionalInt.of(1), settings.http().tlsPort().number());
        assertEquals(OptionalInt.of(2), settings.http().tunnelPort().number());
        assertEquals(Map.of("wss_port", "1"), settings.unbuilt().values());
        assertEquals(List.of("192.0.2.1", "192.0.2.2"), settings.webrtc().announce());
    }

    @Test
    void recordH264ToTsBeatsRecordFormats() throws SettingsException {
        Settings settings = read("record_formats=h264-mp4, vp8-mkv", "record_h264_to_ts=true");
        assertEquals(FileFormat.TS, settings.recording().formats().get(VideoFormat.H264));
        assertEquals(FileFormat.MKV, settings.recording().formats().get(VideoFormat.VP8));
    }

    @Test
    void everyKeyIsDocumented() throws Exception {
        String page = Files.readString(Path.of("docs/settings.md"));
        List<String> missing = SettingsReader.KEYS.stream()
                .filter(key -> !page.contains("`" + key + "`"))
                .toList();
        assertEquals(List.of(), missing);
    }
}
