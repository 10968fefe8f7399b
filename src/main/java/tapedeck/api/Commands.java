package tapedeck.api;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SequencedMap;
import java.util.regex.Pattern;
import tapedeck.bytes.Bytes;
import tapedeck.bytes.MalformedException;
import tapedeck.net.http.HttpProblem;

/// The commands of the JSON command line, by the names and parameters that users of crtmpserver know; what they do is
/// what REST does.
///
/// ```
/// {"command": "pullStream", "parameters": {"uri": "rtmp://…", "localStreamName": "a"}}
/// pullStream uri=rtmp://… localStreamName=a
/// ```
final class Commands {
    /// @param last whether the connection ends behind it
    record Answer(Bytes json, boolean last) {}

    private record Reply(String status, String description, Object data) {}

    private static final Map<String, String> NAMES = names();
    private static final Pattern HTTP = Pattern.compile("[A-Za-z]{1,16} \\S* HTTP/.*");
    private static final String GONE = "ended over the command line";

    private final String version;
    private final StreamCalls streams;
    private final RecorderCalls recordings;
    private final RelayCalls relays;

    Commands(String version, StreamCalls streams, RecorderCalls recordings, RelayCalls relays) {
        this.version = version;
        this.streams = streams;
        this.recordings = recordings;
        this.relays = relays;
    }

    private static Map<String, String> names() {
        SequencedMap<String, String> names = new LinkedHashMap<>();
        names.put("help", "Lists the commands");
        names.put("version", "Says the version");
        names.put("listStreams", "Lists the live streams");
        names.put("getStreamInfo", "Shows a live stream: localStreamName or id");
        names.put(
                "pullStream",
                "Fetches a stream: uri, localStreamName; record=1 records it, forceTcp=1 means RTSP over TCP");
        names.put(
                "pushStream",
                "Sends a live stream: uri, localStreamName; targetStreamName is put behind the uri, "
                        + "or localStreamName without one; fullUri=1 puts nothing there");
        names.put("record", "Records a live stream: localStreamName or id; fileTemplate, rotation");
        names.put("stopRecord", "Stops recording a live stream: localStreamName or id");
        names.put("listRecordings", "Lists the recordings that grow and those that are finished");
        names.put("shutdownStream", "Ends a live stream, or a pull or push: localStreamName or id");
        names.put("exit", "Ends the connection");
        return names;
    }

    static Bytes failed(String why) {
        return Json.bytes(new Reply("FAIL", why, Map.of()));
    }

    /// @param first whether nothing was said before; somebody at a terminal begins with a command that there is
    /// @throws MalformedException if this is no line of a command line at all, and the rest will be none either
    Answer answer(Bytes line, boolean first) {
        String text = text(line);
        if (HTTP.matcher(text).matches()) {
            throw new MalformedException("this is HTTP, no command");
        }
        boolean known = false;
        try {
            Json.Body body = text.startsWith("{") ? Json.parse(line) : words(text);
            String command = known(body.text("command"));
            known = true;
            Object data = data(command, body.object("parameters"));
            return new Answer(
                    Json.bytes(new Reply("SUCCESS", NAMES.getOrDefault(command, ""), data)), command.equals("exit"));
        } catch (MalformedException | HttpProblem e) {
            if (first && !known) {
                // A page in a browser may have made others speak to us: what is behind this may be the page's own.
                throw new MalformedException(String.valueOf(e.getMessage()), e);
            }
            return new Answer(failed(String.valueOf(e.getMessage())), false);
        }
    }

    private static String text(Bytes line) {
        String text;
        try {
            text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(line.toByteArray()))
                    .toString();
        } catch (CharacterCodingException e) {
            throw new MalformedException("a line is UTF-8", e);
        }
        if (text.chars().anyMatch(c -> Character.isISOControl(c) && c != '\t')) {
            throw new MalformedException("a line has no control characters");
        }
        return text.strip();
    }

    private static String known(String command) {
        if (!NAMES.containsKey(command)) {
            throw new MalformedException("unknown command \"%s\"; help lists all".formatted(shown(command)));
        }
        return command;
    }

    /// `name key=value key=value`.
    private static Json.Body words(String line) {
        String[] words = line.split("\\s+", -1);
        Map<String, String> parameters = new LinkedHashMap<>();
        for (int i = 1; i < words.length; i++) {
            int equals = words[i].indexOf('=');
            if (equals < 1) {
                throw new MalformedException("name=value is needed, or a JSON object");
            }
            parameters.put(words[i].substring(0, equals), words[i].substring(equals + 1));
        }
        return Json.of(Map.of("command", words[0], "parameters", parameters));
    }

    private Object data(String command, Json.Body parameters) throws HttpProblem {
        return switch (command) {
            case "help" -> NAMES;
            case "version" -> Map.of("name", "Tapedeck", "version", version);
            case "listStreams" -> streams.all();
            case "getStreamInfo" -> stream(parameters);
            case "pullStream" -> relays.pull(pull(parameters));
            case "pushStream" -> relays.pushTo(push(parameters));
            case "record" -> {
                recordings.start(recording(parameters));
                yield Map.of();
            }
            case "stopRecord" -> {
                recordings.terminate(recording(parameters));
                yield Map.of();
            }
            case "listRecordings" -> Map.of("active", recordings.active(), "finished", recordings.finished());
            case "shutdownStream" -> {
                shutDown(parameters);
                yield Map.of();
            }
            case "exit" -> Map.of();
            default -> throw new IllegalStateException(command);
        };
    }

    /// Not all of a garbage line comes back.
    private static String shown(String command) {
        String printable = command.replaceAll("[^ -~]", "?");
        return printable.length() > 40 ? printable.substring(0, 40) + "…" : printable;
    }

    private Map<String, Object> stream(Json.Body parameters) throws HttpProblem {
        return named(parameters).orElseThrow(() -> new HttpProblem(404, "no such stream"));
    }

    private Optional<? extends Map<String, Object>> named(Json.Body parameters) {
        Optional<String> id = parameters.optionalText("id");
        String member = id.isPresent() ? "mediaSessionId" : "name";
        String value = id.orElseGet(() -> parameters.text("localStreamName"));
        return streams.all().stream()
                .filter(stream -> value.equals(stream.get(member)))
                .findAny();
    }

    private static Json.Body pull(Json.Body parameters) {
        Map<String, Object> call = new LinkedHashMap<>(parameters.texts());
        if (isSet(parameters, "forceTcp")) {
            call.put("options", Map.of("transport", "tcp"));
        }
        call.remove("record");
        if (parameters.optionalText("record").isPresent()) {
            call.put("record", isSet(parameters, "record"));
        }
        return Json.of(call);
    }

    private static Json.Body push(Json.Body parameters) {
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("uri", parameters.text("uri"));
        String local = parameters.text("localStreamName");
        call.put("localStreamName", local);
        if (!isSet(parameters, "fullUri")) {
            call.put(
                    "remoteStreamName",
                    parameters.optionalText("targetStreamName").orElse(local));
        }
        return Json.of(call);
    }

    private static boolean isSet(Json.Body parameters, String name) {
        String value = parameters.texts().getOrDefault(name, "");
        return value.equals("1") || value.equals("true");
    }

    private Json.Body recording(Json.Body parameters) throws HttpProblem {
        Map<String, Object> call = new LinkedHashMap<>();
        call.put("mediaSessionId", stream(parameters).get("mediaSessionId"));
        Map<String, String> config = new LinkedHashMap<>(parameters.texts());
        config.keySet().removeAll(List.of("id", "localStreamName"));
        call.put("config", config);
        for (String one : List.of("recordingId", "fileName")) {
            parameters.optionalText(one).ifPresent(value -> call.put(one, value));
        }
        return Json.of(call);
    }

    /// What is pulled ends with its pull; a push may be named by its id.
    private void shutDown(Json.Body parameters) throws HttpProblem {
        Optional<? extends Map<String, Object>> stream = named(parameters);
        if (stream.isPresent()) {
            streams.terminate(String.valueOf(stream.get().get("mediaSessionId")), GONE);
            return;
        }
        List<RelayCalls.Entry> all = new ArrayList<>(relays.allPulls());
        all.addAll(relays.allPushes());
        String id = parameters.optionalText("id").orElse("");
        Json.Body wanted = id.isEmpty() ? parameters : Json.of(Map.of("mediaSessionId", id));
        try {
            relays.terminate(all, wanted);
        } catch (HttpProblem e) {
            throw e.status() == 404 ? new HttpProblem(404, "there is no such stream, pull or push") : e;
        }
    }
}
