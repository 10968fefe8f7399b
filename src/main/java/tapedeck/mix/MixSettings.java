package tapedeck.mix;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.mix.MixFailedException.Reason;
import tapedeck.transcode.picture.Area;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// How a mix is made: what `conf/offline_mixer.json` says. See docs/mixing.md.
///
/// @param multithreading whether all cores work on one mix
/// @param callbackUrl who is told of a finished mix, or empty
/// @param minAvailableSpaceBytes below which a mix does not begin, and stops
public record MixSettings(
        boolean hasVideo,
        boolean hasAudio,
        boolean multithreading,
        String callbackUrl,
        long minAvailableSpaceBytes,
        Picture picture,
        List<String> unknownKeys) {
    /// As `record_fdk_aac_bitrate_mode`.
    static final int SOUND_BITRATE_MODE = 5;

    /// FFmpeg's name of the encoder that only its GPL builds have.
    static final String X264 = "libx264";

    static final int MAX_SIZE = 4096;
    static final int MIN_SIZE = 64;
    static final int MAX_FPS = 60;
    static final int MAX_KILOBITS = 100_000;
    static final int MAX_ENTRIES = 100;
    static final int MAX_FILE_BYTES = 1 << 20;

    private static final Set<String> KEYS = Set.of(
            "hasVideo",
            "hasAudio",
            "mixerDisplayStreamName",
            "multithreading",
            "callbackUrl",
            "minAvailableSpace",
            "width",
            "height",
            "fps",
            "bitrate",
            "codec",
            "layout",
            "background",
            "logo",
            "captions");

    private static final Pattern SPACE = Pattern.compile("(\\d{1,12})\\s*([kKmMgG]?)[bB]?");
    private static final JsonMapper MAPPER = JsonMapper.builder().build();

    public MixSettings {
        unknownKeys = List.copyOf(unknownKeys);
    }

    /// @param kilobitsPerSecond of the pictures
    /// @param encoder FFmpeg's name
    record Picture(int width, int height, int fps, int kilobitsPerSecond, String encoder, Ask.Scene scene) {}

    /// Those of an empty file.
    public static MixSettings defaults() throws MixFailedException {
        return parse("{}", Path.of(""));
    }

    /// Reads a file. Those that it names are looked for beside it.
    public static MixSettings read(Path file) throws IOException, MixFailedException {
        return parse(text(file), folder(file));
    }

    private static Path folder(Path file) {
        Path parent = file.toAbsolutePath().getParent();
        return parent == null ? Path.of("") : parent;
    }

    private static String text(Path file) throws IOException, MixFailedException {
        if (Files.size(file) > MAX_FILE_BYTES) {
            throw new MixFailedException(
                    Reason.SETTINGS, "%s: more than %d bytes".formatted(file.getFileName(), MAX_FILE_BYTES));
        }
        return Files.readString(file);
    }

    static MixSettings parse(String json, Path folder) throws MixFailedException {
        JsonNode all = object(json);
        Reader in = new Reader(all, folder);
        int width = in.number("width", 1280, MIN_SIZE, MAX_SIZE) & ~1;
        int height = in.number("height", 720, MIN_SIZE, MAX_SIZE) & ~1;
        Picture picture = new Picture(
                width,
                height,
                in.number("fps", 30, 1, MAX_FPS),
                in.number("bitrate", 2000, 50, MAX_KILOBITS),
                in.oneOf("codec", "openh264", Set.of("openh264", "x264")).equals("x264") ? X264 : "libopenh264",
                scene(in, new Area(0, 0, width, height)));
        List<String> unknown =
                all.propertyNames().stream().filter(key -> !KEYS.contains(key)).toList();
        return new MixSettings(
                in.flag("hasVideo", true),
                in.flag("hasAudio", true),
                in.flag("multithreading", false),
                in.url("callbackUrl"),
                space(in.text("minAvailableSpace", "1G")),
                picture,
                unknown);
    }

    /// What a live mix may be told when it is started, besides what its file says.
    static final Set<String> LIVE_KEYS = Set.of(
            "hasVideo",
            "hasAudio",
            "mixerDisplayStreamName",
            "width",
            "height",
            "fps",
            "bitrate",
            "codec",
            "layout",
            "background");

    private static final Pattern FOLDER = Pattern.compile(".*[/\\\\].*|\\.\\.", Pattern.DOTALL);

    /// Those of a live mix: what is said for this one, and else what the file says, if there is one.
    ///
    /// @param own may name files beside that file, and no others
    static MixSettings live(Path file, Map<String, String> own) throws MixFailedException {
        Map<String, Object> all = new LinkedHashMap<>();
        try {
            if (Files.exists(file)) {
                object(text(file)).properties().forEach(member -> all.put(member.getKey(), member.getValue()));
            }
        } catch (IOException e) {
            throw new MixFailedException(Reason.SETTINGS, "%s: %s".formatted(file.getFileName(), FileTrouble.of(e)));
        }
        for (Map.Entry<String, String> member : own.entrySet()) {
            if (LIVE_KEYS.contains(member.getKey())) {
                if (FOLDER.matcher(member.getValue()).matches()) {
                    throw new MixFailedException(
                            Reason.SETTINGS,
                            "%s=%s: only names without a folder".formatted(member.getKey(), member.getValue()));
                }
                all.put(member.getKey(), member.getValue());
            }
        }
        MixSettings settings = parse(MAPPER.writeValueAsString(all), folder(file));
        if (!settings.hasVideo() && !settings.hasAudio()) {
            throw new MixFailedException(Reason.SETTINGS, "hasVideo, hasAudio: one of them is needed");
        }
        return settings;
    }

    private static JsonNode object(String json) throws MixFailedException {
        try {
            JsonNode node = MAPPER.readTree(json);
            if (node.isObject()) {
                return node;
            }
        } catch (JacksonException e) {
            throw new MixFailedException(Reason.SETTINGS, "no JSON: " + e.getOriginalMessage());
        }
        throw new MixFailedException(Reason.SETTINGS, "a JSON object is needed");
    }

    private static Ask.Scene scene(Reader in, Area canvas) throws MixFailedException {
        boolean names = in.flag("mixerDisplayStreamName", true);
        String name = in.text("layout", "grid");
        return switch (name) {
            case "grid" -> look(new Layers(in, in), new Layout.Grid(), names, canvas);
            case "speaker" -> look(new Layers(in, in), new Layout.Speaker(), names, canvas);
            case "row" -> look(new Layers(in, in), new Layout.Row(), names, canvas);
            default -> {
                Path file = in.path("layout", name);
                try {
                    Reader own = new Reader(object(text(file)), folder(file));
                    List<Area> tiles = new ArrayList<>();
                    List<String> streams = new ArrayList<>();
                    for (JsonNode tile : own.list("tiles")) {
                        Reader of = new Reader(tile, own.folder);
                        tiles.add(of.area(canvas));
                        streams.add(of.text("stream", ""));
                    }
                    yield look(new Layers(own, in), new Layout.Drawn(tiles, streams), names, canvas);
                } catch (IOException e) {
                    throw new MixFailedException(Reason.SETTINGS, "layout=%s: %s".formatted(name, FileTrouble.of(e)));
                }
            }
        };
    }

    private static Ask.Scene look(Layers said, Layout layout, boolean names, Area canvas) throws MixFailedException {
        List<Ask.Image> images = new ArrayList<>();
        int rgb = 0;
        Reader behind = said.of("background");
        String background = behind.text("background", "#000000");
        if (background.matches("#[0-9a-fA-F]{6}")) {
            rgb = Integer.parseInt(background.substring(1), 16);
        } else {
            images.add(
                    new Ask.Image(behind.file("background", background), 0, 0, canvas.width(), canvas.height(), true));
        }
        Reader mark = said.of("logo");
        JsonNode logo = mark.node.path("logo");
        if (!logo.isMissingNode()) {
            Reader of = new Reader(logo, mark.folder);
            Area area = of.area(canvas);
            images.add(new Ask.Image(
                    of.file("logo", of.text("image", "")), area.x(), area.y(), area.width(), area.height(), false));
        }
        List<Ask.Caption> captions = new ArrayList<>();
        Reader texts = said.of("captions");
        for (JsonNode caption : texts.list("captions")) {
            Reader of = new Reader(caption, texts.folder);
            Area area = of.area(canvas);
            captions.add(new Ask.Caption(of.text("text", ""), area.x(), area.y(), area.height()));
        }
        return new Ask.Scene(layout, names, rgb, images, captions);
    }

    static long space(String text) throws MixFailedException {
        Matcher matcher = SPACE.matcher(text);
        if (!matcher.matches()) {
            throw new MixFailedException(
                    Reason.SETTINGS, "minAvailableSpace=%s: a number with k, m or g is needed".formatted(text));
        }
        int shift = switch (matcher.group(2)) {
            case "k", "K" -> 10;
            case "m", "M" -> 20;
            case "g", "G" -> 30;
            default -> 0;
        };
        return Long.parseLong(matcher.group(1)) << shift;
    }

    /// What the file of a layout says goes over what the settings say; where there is none, both are the settings.
    private record Layers(Reader layout, Reader settings) {
        Reader of(String key) {
            return layout.node.has(key) ? layout : settings;
        }
    }

    /// Members of one object.
    private record Reader(JsonNode node, Path folder) {
        private String text(String key, String absent) {
            JsonNode value = node.path(key);
            return value.isMissingNode() || value.isNull()
                    ? absent
                    : value.isString() ? value.stringValue() : value.toString();
        }

        private String url(String key) throws MixFailedException {
            String text = text(key, "");
            try {
                if (text.isEmpty()
                        || text.matches("https?://.+") && URI.create(text).getHost() != null) {
                    return text;
                }
            } catch (IllegalArgumentException _) {
                // Said below.
            }
            throw new MixFailedException(Reason.SETTINGS, "%s=%s: http:// or https:// is needed".formatted(key, text));
        }

        /// Also as a string, as in the file that others have.
        private boolean flag(String key, boolean absent) throws MixFailedException {
            return switch (text(key, Boolean.toString(absent))) {
                case "true" -> true;
                case "false" -> false;
                default ->
                    throw new MixFailedException(
                            Reason.SETTINGS, "%s=%s: true or false is needed".formatted(key, text(key, "")));
            };
        }

        private int number(String key, int absent, int least, int most) throws MixFailedException {
            String text = text(key, Integer.toString(absent));
            if (text.matches("\\d{1,9}")) {
                int value = Integer.parseInt(text);
                if (value >= least && value <= most) {
                    return value;
                }
            }
            throw new MixFailedException(
                    Reason.SETTINGS, "%s=%s: %d to %d is needed".formatted(key, text, least, most));
        }

        private String oneOf(String key, String absent, Set<String> allowed) throws MixFailedException {
            String text = text(key, absent);
            if (!allowed.contains(text)) {
                throw new MixFailedException(
                        Reason.SETTINGS,
                        "%s=%s: one of %s is needed"
                                .formatted(key, text, allowed.stream().sorted().toList()));
            }
            return text;
        }

        private String file(String key, String name) throws MixFailedException {
            Path file = path(key, name);
            if (!Files.exists(file)) {
                throw new MixFailedException(Reason.SETTINGS, "%s=%s: there is no such file".formatted(key, name));
            }
            if (!Files.isReadable(file) || Files.isDirectory(file)) {
                throw new MixFailedException(Reason.SETTINGS, "%s=%s: cannot be read".formatted(key, name));
            }
            return file.toString();
        }

        private Path path(String key, String name) throws MixFailedException {
            try {
                return folder.resolve(name);
            } catch (InvalidPathException _) {
                throw new MixFailedException(Reason.SETTINGS, key + ": no name of a file");
            }
        }

        private List<JsonNode> list(String key) throws MixFailedException {
            List<JsonNode> entries = new ArrayList<>();
            node.path(key).forEach(entries::add);
            if (entries.size() > MAX_ENTRIES) {
                throw new MixFailedException(Reason.SETTINGS, "%s: more than %d".formatted(key, MAX_ENTRIES));
            }
            return entries;
        }

        /// `x`, `y`, `width` and `height` in per cent of the picture; without a size, all that is left.
        private Area area(Area canvas) throws MixFailedException {
            int x = part("x", 0, canvas.width());
            int y = part("y", 0, canvas.height());
            int width = node.has("width") ? part("width", 0, canvas.width()) : canvas.width() - x;
            int height = node.has("height") ? part("height", 0, canvas.height()) : canvas.height() - y;
            if (width < 2 || height < 2 || x + width > canvas.width() || y + height > canvas.height()) {
                throw new MixFailedException(Reason.SETTINGS, "%s: not inside the picture".formatted(node));
            }
            return new Area(x, y, width, height);
        }

        private int part(String key, double absent, int whole) throws MixFailedException {
            String text = text(key, Double.toString(absent));
            try {
                double value = Double.parseDouble(text);
                if (value >= 0 && value <= 100) {
                    return (int) Math.round(value * whole / 100) & ~1;
                }
            } catch (NumberFormatException _) {
                // Said below.
            }
            throw new MixFailedException(Reason.SETTINGS, "%s=%s: 0 to 100 is needed".formatted(key, text));
        }
    }
}
