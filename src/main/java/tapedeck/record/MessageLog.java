package tapedeck.record;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.OptionalLong;
import java.util.zip.CRC32;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.Bytes;
import tapedeck.stream.Item;
import tools.jackson.databind.ObjectMapper;
import tools.jackson.databind.json.JsonMapper;

/// What was said on data channels while a stream was recorded: one line of JSON for each message, in a file beside the
/// recording that is made only when there is one. Used on the writer thread alone.
///
/// Lines are appended with the fragment that they came with; a line that a crash tore is cut off when the recording is
/// finished. A file that cannot be written costs messages, never media.
final class MessageLog {
    static final String SUFFIX = ".messages.jsonl";
    /// That wait for a file: until the first keyframe came there is none.
    static final int MAX_WAITING = 1_000;

    private static final Logger log = LoggerFactory.getLogger(MessageLog.class);
    private static final ObjectMapper JSON = JsonMapper.builder().build();
    private static final long NANOS_PER_MILLI = 1_000_000;
    private static final int TAIL_BYTES = 4_096;

    private final DiskWriter writer;
    private final OptionalLong fsyncMillis;
    private final List<Item.Message> waiting = new ArrayList<>();
    private @Nullable RecordingFile file;
    private @Nullable Path path;
    private long zeroNanos;
    private long lost;

    /// @param timeMs from the first frame of the file
    /// @param text null where `base64` is not
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Line(
            long timeMs,
            String label,
            String protocol,
            String sender,
            @Nullable String text,
            @Nullable String base64) {
        static Line of(Item.Message message, long zeroNanos) {
            return new Line(
                    Math.max(0, (message.nanos() - zeroNanos) / NANOS_PER_MILLI),
                    message.label(),
                    message.protocol(),
                    message.sender(),
                    message.text() ? message.data().toUtf8() : null,
                    message.text()
                            ? null
                            : Base64.getEncoder().encodeToString(message.data().toByteArray()));
        }
    }

    MessageLog(DiskWriter writer, OptionalLong fsyncMillis) {
        this.writer = writer;
        this.fsyncMillis = fsyncMillis;
    }

    /// The next part of the recording begins at this time of the stream.
    void begin(Path growing, long newZeroNanos) {
        path = growing;
        zeroNanos = newZeroNanos;
    }

    void add(Item.Message message) {
        if (waiting.size() < MAX_WAITING || path != null) {
            waiting.add(message);
        } else {
            lost++;
        }
    }

    /// Writes what came, if there is a part to which it belongs.
    void flush() {
        Path to = path;
        if (to == null || waiting.isEmpty()) {
            return;
        }
        RecordingFile open = file;
        if (open == null) {
            open = new RecordingFile(to, writer, new RecordingFile.Options(fsyncMillis, null));
            file = open;
        }
        List<Bytes> lines = new ArrayList<>(waiting.size());
        for (Item.Message message : waiting) {
            lines.add(line(message, zeroNanos));
        }
        try {
            open.append(lines);
        } catch (IOException e) {
            lost += waiting.size();
            log.warn("{}: {} messages could not be written so far: {}", to, lost, e.toString());
        }
        waiting.clear();
    }

    static Bytes line(Item.Message message, long zeroNanos) {
        String json = JSON.writeValueAsString(Line.of(message, zeroNanos));
        return Bytes.wrap((json + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /// The part ends: what comes now belongs to the next one.
    void end() {
        flush();
        RecordingFile open = file;
        if (open != null) {
            try {
                open.close();
            } catch (IOException e) {
                log.debug("{}", path, e);
            }
        }
        file = null;
        path = null;
    }

    /// Where the messages of a finished recording are.
    static Path beside(Path recording) {
        return beside(recording, SUFFIX);
    }

    /// A file whose name is that of the recording with this behind it, as far as it fits.
    static Path beside(Path recording, String suffix) {
        String name = recording.getFileName().toString();
        int room = Naming.MAX_NAME_BYTES - suffix.length();
        if (name.getBytes(StandardCharsets.UTF_8).length > room) {
            CRC32 crc = new CRC32();
            crc.update(name.getBytes(StandardCharsets.UTF_8));
            String mark = "~%08x".formatted(crc.getValue());
            while ((name + mark).getBytes(StandardCharsets.UTF_8).length > room) {
                name = name.substring(0, name.offsetByCodePoints(name.length(), -1));
            }
            name += mark;
        }
        return recording.resolveSibling(name + suffix);
    }

    /// Brings the messages beside their recording, if there are any; may be done again. Trouble with them is told, and
    /// no reason to hold the recording back.
    static void place(Path growing, Path recording) {
        try {
            if (!Files.exists(growing)) {
                return;
            }
            cutTornLine(growing);
            if (Files.size(growing) == 0) {
                Files.delete(growing);
            } else {
                Files.move(growing, beside(recording), StandardCopyOption.REPLACE_EXISTING);
            }
        } catch (IOException e) {
            log.warn("{}: the messages of {} stay there: {}", growing, recording, e.toString());
        }
    }

    private static void cutTornLine(Path growing) throws IOException {
        try (FileChannel channel = FileChannel.open(growing, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long end = channel.size();
            ByteBuffer tail = ByteBuffer.allocate(TAIL_BYTES);
            while (end > 0) {
                long from = Math.max(0, end - TAIL_BYTES);
                tail.clear().limit((int) (end - from));
                while (tail.hasRemaining() && channel.read(tail, from + tail.position()) >= 0) {
                    // until all of it is there
                }
                int at = tail.position() - 1;
                while (at >= 0 && tail.get(at) != '\n') {
                    at--;
                }
                if (at >= 0) {
                    end = from + at + 1;
                    break;
                }
                end = from;
            }
            if (end < channel.size()) {
                channel.truncate(end);
            }
        }
    }
}
