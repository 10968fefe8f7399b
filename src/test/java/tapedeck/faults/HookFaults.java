package tapedeck.faults;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import tapedeck.peers.Ffmpeg;
import tapedeck.peers.FlvFile;
import tapedeck.peers.ServerProcess;
import tapedeck.peers.ServerProcess.Launch;

/// F11: hooks that hang, flood, die, leave daemons, and are missing, each called for eight recordings at once.
final class HookFaults {
    private static final int STREAMS = 8;
    private static final int DEADLINE_SECONDS = 2;
    private static final int PARALLEL = 4;
    /// How long they would sleep: a number by which this process finds its own.
    private static final String MARK = "31415." + ProcessHandle.current().pid();

    private HookFaults() {}

    static void run(Trial trial) throws Exception {
        Path folder = trial.folder("hooks");
        List<FlvFile.Tag> tags = Clip.tags(30);
        Path hook = folder.resolve("hook.sh");
        Path running = Files.createDirectory(folder.resolve("running"));
        Path most = folder.resolve("most");
        Files.writeString(hook, """
                #!/bin/sh
                touch %1$s/$$; ls %1$s | wc -l >> %2$s
                case "$1" in
                  hang*) sleep %3$s & sleep %3$s ;;
                  flood*) head -c 1000000000 /dev/zero ;;
                  die*) rm %1$s/$$; kill -KILL $$ ;;
                  daemon*) setsid sleep 5 >/dev/null 2>&1 & ;;
                esac
                rm -f %1$s/$$
                """.formatted(running, most, MARK));
        Files.setPosixFilePermissions(hook, PosixFilePermissions.fromString("rwxr-xr-x"));
        Launch small = new Launch(List.of(), java.util.Map.of(), List.of("-Xmx128m"));
        String[] settings = Scene.recording(
                "on_record_hook_script=" + hook,
                "record_hook_timeout=" + DEADLINE_SECONDS,
                "record_hook_parallel=" + PARALLEL);
        Path data = folder.resolve("data");
        try (Scene scene = new Scene(new ServerProcess(small, data, settings))) {
            scene.publish("watched", tags);
            try (Viewer viewer = new Viewer(scene.server.port("RTMP"), "watched")) {
                List<String> kinds = List.of("hang", "flood", "die", "daemon");
                for (int i = 0; i < STREAMS; i++) {
                    scene.publish(kinds.get(i % kinds.size()) + i, tags);
                }
                Scene.run(1_500);
                for (Scene.Publisher publisher : scene.publishers()) {
                    if (!publisher.name().equals("watched")) {
                        publisher.end();
                    }
                }
                Scene.await(
                        "all files", () -> Scene.files(data.resolve("records")).size() == STREAMS);
                Scene.await(
                        "hung hooks to be killed with what they started",
                        () -> hanging() == 0 && called(most) == STREAMS);
                Files.delete(hook);
                scene.publish("no-hook", tags);
                Scene.run(1_200);
                scene.publishers().getLast().end();
                Scene.await(
                        "the file without a hook",
                        () -> Scene.files(data.resolve("records")).size() == STREAMS + 1);
                assertEquals(1, scene.growing(), "the watched stream is still recorded");
                assertEquals(0, viewer.missing(), "pictures that a viewer misses");
            }
            scene.endAll();
        }
        for (Path file : Scene.files(data.resolve("records"))) {
            assertEquals(0, Scene.missing(RecordedFile.read(file), tags, 0));
        }
        trial.result(
                "%d hooks that hang, write 1 GB, die, leave daemons, one that is missing: none outlived %d s, recordings"
                        + " and a viewer lost 0 pictures, -Xmx128m",
                STREAMS + 1, DEADLINE_SECONDS);
    }

    /// Processes of hooks that hang; a daemon in a session of its own is none of them.
    private static int hanging() {
        String list = Ffmpeg.run(List.of("ps", "-eo", "args")).text();
        return (int) list.lines().filter(line -> line.contains(MARK)).count();
    }

    private static int called(Path most) throws Exception {
        return Files.exists(most) ? Files.readAllLines(most).size() : 0;
    }
}
