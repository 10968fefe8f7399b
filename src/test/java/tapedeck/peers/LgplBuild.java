package tapedeck.peers;

import java.io.File;
import java.util.Arrays;
import java.util.stream.Collectors;

/// As long as it is open, workers that are started have the build of FFmpeg that is shipped, without libx264.
public final class LgplBuild implements AutoCloseable {
    private static final String KEY = "java.class.path";

    private final String before = System.getProperty(KEY);

    public LgplBuild() {
        System.setProperty(KEY, classPath());
    }

    /// That of the tests without the GPL build.
    public static String classPath() {
        return Arrays.stream(System.getProperty(KEY).split(File.pathSeparator))
                .filter(entry -> !entry.endsWith("-gpl.jar"))
                .collect(Collectors.joining(File.pathSeparator));
    }

    @Override
    public void close() {
        System.setProperty(KEY, before);
    }
}
