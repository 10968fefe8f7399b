package tapedeck.peers;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;
import tapedeck.Server;
import tapedeck.record.FinishedRecording;
import tapedeck.settings.SettingsSource;

/// A whole server on free ports inside the test's process, recording everything under `{streamName}`.
public final class TestServer implements AutoCloseable {
    private static final long DEADLINE_SECONDS = 60;

    private final Server server;
    private final Path dataDir;

    public TestServer(Path dataDir, String... settings) throws Exception {
        this.dataDir = dataDir;
        List<String> all = new ArrayList<>(List.of(
                "data_dir=" + dataDir,
                "http_port=0",
                "https_port=0",
                "ws_port=0",
                "rtmp_port=0",
                "rtsp_port=0",
                "cli_port=0",
                "rtmps_port=0",
                "mpegts_port=0",
                "liveflv_port=0",
                "record_other_streams=mpegts,liveflv",
                "webrtc_port=0",
                "webrtc_pre_init=false",
                "record_flash_published_streams=true",
                "record_whip_streams=true",
                "record_rtsp_streams=true",
                "file_recorder_min_space=1m",
                "stream_record_policy_template={streamName}",
                "on_record_hook_script=",
                "on_multiple_record_hook_script="));
        all.addAll(List.of(settings));
        server = Server.open(SettingsSource.read(Path.of("none"), Map.of(), all));
    }

    public Server server() {
        return server;
    }

    public Path dataDir() {
        return dataDir;
    }

    public int port(String protocol) {
        return server.ports().port(protocol);
    }

    public String rtmpUrl(String name) {
        return "rtmp://127.0.0.1:%d/live/%s".formatted(port("RTMP"), name);
    }

    public String rtspUrl(String path) {
        return "rtsp://127.0.0.1:%d/%s".formatted(port("RTSP"), path);
    }

    public String httpUrl(String path) {
        return "http://127.0.0.1:%d%s".formatted(port("HTTP"), path);
    }

    /// Waits until `fileName` is finished and listed.
    public Path awaitRecording(String fileName) throws InterruptedException {
        return await(fileName::equals, fileName);
    }

    /// Waits until the recording of this stream is finished, whatever its container.
    public Path awaitRecordingOf(String streamName) throws InterruptedException {
        return await(fileName -> fileName.startsWith(streamName + "."), streamName);
    }

    private Path await(Predicate<String> wanted, String what) throws InterruptedException {
        for (long left = DEADLINE_SECONDS * 50; left > 0; left--) {
            for (FinishedRecording finished : server.recordings().finished()) {
                if (wanted.test(finished.fileName())) {
                    return server.recordings().file(finished.fileName()).orElseThrow();
                }
            }
            TimeUnit.MILLISECONDS.sleep(20);
        }
        throw new AssertionError(what + " did not appear; there are "
                + server.recordings().finished().stream()
                        .map(FinishedRecording::fileName)
                        .toList());
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
