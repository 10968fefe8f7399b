package tapedeck.peers.webrtc;

import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordedFrame;
import jdk.jfr.consumer.RecordingFile;

/// Where a flight recording saw the CPU: by thread, by the method on top, and by the server's own method nearest to it.
final class Profile {
    private static final int LINES = 25;

    private Profile() {}

    static void print(Path recording) throws IOException {
        Map<String, Integer> threads = new HashMap<>();
        Map<String, Integer> tops = new HashMap<>();
        Map<String, Integer> ours = new HashMap<>();
        int samples = 0;
        try (RecordingFile file = new RecordingFile(recording)) {
            while (file.hasMoreEvents()) {
                RecordedEvent event = file.readEvent();
                String type = event.getEventType().getName();
                boolean sample = type.equals("jdk.ExecutionSample") || type.equals("jdk.NativeMethodSample");
                if (!sample || event.getStackTrace() == null) {
                    continue;
                }
                List<RecordedFrame> frames = event.getStackTrace().getFrames();
                String top = name(frames.getFirst());
                if (type.equals("jdk.NativeMethodSample") && waits(top)) {
                    continue;
                }
                samples++;
                threads.merge(event.getThread("sampledThread").getJavaName().replaceAll("\\d+", "#"), 1, Integer::sum);
                tops.merge(top, 1, Integer::sum);
                ours.merge(
                        frames.stream()
                                .map(Profile::name)
                                .filter(name -> name.startsWith("tapedeck."))
                                .findFirst()
                                .orElse("(none of ours)"),
                        1,
                        Integer::sum);
            }
        }
        System.out.println("profile: " + samples + " samples");
        print("by thread", threads, samples);
        print("on top", tops, samples);
        print("nearest of ours", ours, samples);
    }

    private static boolean waits(String method) {
        return method.contains("Wait")
                || method.contains("poll")
                || method.contains("accept")
                || method.contains("read0");
    }

    private static String name(RecordedFrame frame) {
        return frame.getMethod().getType().getName() + "." + frame.getMethod().getName();
    }

    private static void print(String title, Map<String, Integer> counts, int samples) {
        System.out.println("  " + title);
        counts.entrySet().stream()
                .sorted(Map.Entry.<String, Integer>comparingByValue().reversed())
                .limit(LINES)
                .forEach(entry -> System.out.printf(
                        Locale.ROOT, "    %5.1f %%  %s%n", 100.0 * entry.getValue() / samples, entry.getKey()));
    }
}
