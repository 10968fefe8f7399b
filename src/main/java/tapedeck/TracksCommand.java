package tapedeck;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;
import tapedeck.bytes.MalformedException;
import tapedeck.container.DescribedTrack;
import tapedeck.container.DescribedTrack.Segment;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.MovieTracks;
import tapedeck.media.Codec;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// `./run tracks FILE`: whose tracks are in a recording of many streams, and when, as the recording page has it.
@Command(name = "tracks", description = "Prints the tracks of a recording of many streams as JSON.")
final class TracksCommand implements Callable<Integer> {
    /// As the recording page's tool: there is no such file.
    static final int EXIT_NO_FILE = 64;

    private static final long NANOS_PER_MILLI = 1_000_000;

    @Parameters(paramLabel = "FILE", description = "The recording.")
    private Path file = Path.of("");

    @Override
    public Integer call() throws IOException {
        if (!Files.isRegularFile(file)) {
            System.err.println("tapedeck: there is no file " + file);
            return EXIT_NO_FILE;
        }
        try {
            System.out.println(json(file));
            return 0;
        } catch (MalformedException e) {
            System.err.printf("tapedeck: %s: %s%n", file, e.getMessage());
            return Main.EXIT_FAILED;
        }
    }

    static String json(Path file) throws IOException {
        List<Map<String, Object>> tracks = new ArrayList<>();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            List<DescribedTrack> all =
                    MatroskaTracks.isMatroska(channel) ? MatroskaTracks.of(channel) : MovieTracks.of(channel);
            for (DescribedTrack track : all) {
                tracks.add(members(track));
            }
        }
        return JsonMapper.builder()
                .enable(SerializationFeature.INDENT_OUTPUT)
                .build()
                .writeValueAsString(tracks);
    }

    /// All values are texts, in the page's order.
    private static Map<String, Object> members(DescribedTrack track) {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("durationInMS", millis(track.endNanos()));
        members.put(
                "trackEdits", track.segments().stream().map(TracksCommand::edit).toList());
        if (track.codec() instanceof Codec.Audio audio) {
            members.put("channels", Integer.toString(audio.channels()));
        }
        members.put("trackType", track.isVideo() ? "VIDEO" : "AUDIO");
        members.put("trackId", Integer.toString(track.id() - 1));
        if (track.codec() instanceof Codec.Video video) {
            members.put("width", Integer.toString(video.width()));
        }
        members.put("timescale", Long.toString(track.timescale()));
        members.put("streamName", track.identity().streamName());
        members.put("trackCodec", track.codecTag());
        if (track.codec() instanceof Codec.Audio audio) {
            members.put("sampleRate", Integer.toString(audio.sampleRateHz()));
        }
        members.put("mediaSessionId", track.identity().mediaSessionId());
        if (track.codec() instanceof Codec.Video video) {
            members.put("height", Integer.toString(video.height()));
        }
        return members;
    }

    private static Map<String, String> edit(Segment segment) {
        Map<String, String> edit = new LinkedHashMap<>();
        edit.put("endInMs", millis(segment.endNanos()));
        edit.put("type", segment.media() ? "media" : "pause");
        edit.put("startInMs", millis(segment.startNanos()));
        return edit;
    }

    private static String millis(long nanos) {
        return Long.toString((nanos + NANOS_PER_MILLI / 2) / NANOS_PER_MILLI);
    }
}
