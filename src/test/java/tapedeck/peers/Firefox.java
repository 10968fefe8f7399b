package tapedeck.peers;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.TimeUnit;

/// The system's Firefox ESR with a fake camera and microphone, showing one page in a profile of its own.
public final class Firefox implements AutoCloseable {
    private static final Path PROGRAM = Path.of("/usr/bin/firefox-esr");
    private static final List<String> PREFERENCES = List.of(
            "\"media.navigator.streams.fake\", true",
            "\"media.navigator.permission.disabled\", true",
            "\"media.autoplay.default\", 0",
            "\"media.autoplay.blocking_policy\", 0",
            "\"media.autoplay.block-webaudio\", false",
            "\"media.peerconnection.ice.loopback\", true",
            "\"media.peerconnection.ice.obfuscate_host_addresses\", false",
            "\"datareporting.policy.dataSubmissionEnabled\", false",
            "\"app.update.enabled\", false",
            "\"browser.shell.checkDefaultBrowser\", false");

    private final Path profile;
    private final Process process;

    public Firefox(String url) throws IOException {
        if (!Files.isExecutable(PROGRAM)) {
            throw new AssertionError(PROGRAM + " is missing: ./check installs it");
        }
        profile = Files.createTempDirectory("firefox");
        Files.write(
                profile.resolve("user.js"),
                PREFERENCES.stream().map(line -> "user_pref(" + line + ");").toList());
        process = new ProcessBuilder(
                        PROGRAM.toString(), "--headless", "--no-remote", "--profile", profile.toString(), url)
                .redirectErrorStream(true)
                .redirectOutput(profile.resolve("output.txt").toFile())
                .start();
    }

    @Override
    public void close() throws IOException {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        try {
            if (!process.waitFor(5, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        children.forEach(ProcessHandle::destroyForcibly);
        try (var files = Files.walk(profile)) {
            // What is left over lies in the system's folder for temporary files.
            files.sorted(Comparator.reverseOrder())
                    .forEach(file -> file.toFile().delete());
        }
    }
}
