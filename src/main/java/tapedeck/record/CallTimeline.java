package tapedeck.record;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.container.Container;
import tapedeck.container.matroska.MatroskaTracks;
import tapedeck.container.mp4.MovieNotes;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.SerializationFeature;
import tools.jackson.databind.json.JsonMapper;

/// What happened while many streams were recorded: a JSON file beside the recording, made from what the recording
/// itself says, so that a crash costs no more of it than of the media.
final class CallTimeline {
    static final String SUFFIX = ".timeline.json";

    private static final Logger log = LoggerFactory.getLogger(CallTimeline.class);
    private static final ObjectMapper JSON =
            JsonMapper.builder().enable(SerializationFeature.INDENT_OUTPUT).build();

    /// @param startTimeMillis wall clock at the beginning of the file, milliseconds since 1970
    private record Timeline(String recorderUri, long startTimeMillis, List<JsonNode> events) {}

    private CallTimeline() {}

    static Path beside(Path recording) {
        return MessageLog.beside(recording, SUFFIX);
    }

    /// Makes it; may be done again. Trouble with it is told, and no reason to hold the recording back.
    static void place(Path recording, Journal journal) {
        List<JsonNode> events = new ArrayList<>();
        try {
            try (FileChannel file = FileChannel.open(recording, StandardOpenOption.READ)) {
                List<Bytes> notes =
                        journal.container() == Container.MKV ? MatroskaTracks.notes(file) : MovieNotes.of(file);
                for (Bytes note : notes) {
                    events.add(JSON.readTree(note.toByteArray()));
                }
            }
            Path target = beside(recording);
            Path fresh = target.resolveSibling(Journals.PREFIX + journal.id() + SUFFIX);
            Files.write(
                    fresh,
                    JSON.writeValueAsBytes(new Timeline(
                            journal.origin().recorderUri(), journal.origin().startTimeMillis(), events)));
            Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException | MalformedException | JacksonException e) {
            log.warn("{}: without its timeline: {}", recording, e.toString());
        }
    }
}
