package tapedeck.settings;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.settings.Settings.FileFormat;
import tapedeck.settings.Settings.Mp4Audio;
import tapedeck.settings.Settings.NameEncoding;
import tapedeck.settings.Settings.Port;
import tapedeck.settings.Settings.VideoFormat;

/// Turns text into the tree of settings; every key, default and bound stands here once.
final class SettingsReader {
    /// @param pattern what its values look like
    /// @param allowed the same in words
    private record Planned(String byDefault, String pattern, String allowed) {}

    /// Part of the contract, but the feature is not built yet: checked, and named at the start when set to
    /// something else than its default.
    private static final Map<String, Planned> UNBUILT = unbuilt();

    /// What would be dangerous or useless to accept before it is built: any value but this is refused.
    private static final Map<String, String> FIXED = Map.of(
            "publish_auth", "none",
            "play_auth", "none",
            "stream_takeover", "false",
            "record_h264_to_ts", "false");

    private static final Map<VideoFormat, Set<FileFormat>> CARRIES = Map.of(
            VideoFormat.H264, Set.of(FileFormat.MP4, FileFormat.MKV, FileFormat.TS),
            VideoFormat.H265, Set.of(FileFormat.MP4, FileFormat.MKV, FileFormat.TS),
            VideoFormat.VP8, Set.of(FileFormat.MP4, FileFormat.WEBM, FileFormat.MKV),
            VideoFormat.VP9, Set.of(FileFormat.MP4, FileFormat.WEBM, FileFormat.MKV),
            VideoFormat.AV1, Set.of(FileFormat.MP4, FileFormat.WEBM, FileFormat.MKV));

    /// Codecs that are not named in `record_formats` go where every one of them fits.
    private static final FileFormat OTHERWISE = FileFormat.MKV;

    private static final Pattern ELEMENT = Pattern.compile("\\{([^{}]*)}");
    private static final List<String> ELEMENTS = List.of(
            "streamName",
            "duration",
            "startTime",
            "endTime",
            "startTimeMillis",
            "endTimeMillis",
            "sessionId",
            "mediaSessionId",
            "login",
            "audioCodec",
            "videoCodec");

    private static final Pattern SIZE = Pattern.compile("(\\d{1,9})([gmGM])");

    /// Every key that may be set.
    static final Set<String> KEYS = keys();

    private final SettingsSource source;

    SettingsReader(SettingsSource source) {
        this.source = source;
    }

    Settings read() throws SettingsException {
        for (Map.Entry<String, String> fixed : FIXED.entrySet()) {
            String value = text(fixed.getKey(), fixed.getValue());
            if (!value.equals(fixed.getValue())) {
                throw source.refuse(
                        fixed.getKey(), value, "only %s is possible in this version".formatted(fixed.getValue()));
            }
        }
        Path dataDir = path("data_dir", Path.of("data"));
        return new Settings(
                dataDir,
                new Settings.Http(
                        port("http_port", 8081),
                        flag("http_trust_loopback", true),
                        list("http_trusted_proxies"),
                        choice("record_response_content_disposition_header_value", Settings.Http.Disposition.INLINE)),
                new Settings.Rtmp(port("rtmp_port", 1935)),
                new Settings.WebRtc(port("webrtc_port", 8189), list("webrtc_announce"), flag("webrtc_pre_init", true)),
                recording(dataDir),
                new Settings.Hooks(script("on_record_hook_script", Path.of("bin", "on_record_hook.sh"))),
                new Settings.Unbuilt(unbuiltValues()));
    }

    private Settings.Recording recording(Path dataDir) throws SettingsException {
        Path dir = path("record_dir", dataDir.resolve("records"));
        return new Settings.Recording(
                flag("record_streams", true),
                flag("record_flash_published_streams", false),
                flag("record_rtsp_streams", false),
                flag("record_whip_streams", false),
                formats(),
                template("stream_record_policy_template", "stream-{mediaSessionId}-{login}"),
                nameEncoding(),
                text("exclude_record_name_characters", "/"),
                dir,
                path("record_tmp_dir", dir),
                number("record_fragment_duration", 1000, 300, 10_000),
                fsync(),
                flag("record_direct_io", true),
                number("mp4_container_moov_reserved_space_size", 2048, 8, 1 << 20),
                number("file_recorder_thread_pool_max_size", 4, 1, 64),
                size("file_recorder_min_space", "1g"),
                number("file_recorder_error_interval", 60, 1, 100_000),
                number("file_recorder_max_errors_per_interval", 3, 1, 100_000),
                number("record_stop_timeout", 15, 1, 3600),
                choice("record_mp4_audio", Mp4Audio.AAC));
    }

    private Map<VideoFormat, FileFormat> formats() throws SettingsException {
        String key = "record_formats";
        String value = text(key, "h264-mp4, vp8-webm");
        EnumMap<VideoFormat, FileFormat> formats = new EnumMap<>(VideoFormat.class);
        for (VideoFormat video : VideoFormat.values()) {
            formats.put(video, OTHERWISE);
        }
        for (String pair : value.split(",", -1)) {
            String[] sides = pair.trim().toLowerCase(Locale.ROOT).split("-", -1);
            if (sides.length != 2) {
                throw source.refuse(key, value, "pairs like h264-mp4, vp8-webm are needed");
            }
            VideoFormat video = constant(key, value, sides[0], VideoFormat.values());
            FileFormat file = constant(key, value, sides[1], FileFormat.values());
            if (!CARRIES.getOrDefault(video, Set.of()).contains(file)) {
                throw source.refuse(key, value, "%s cannot carry %s".formatted(sides[1], sides[0]));
            }
            if (file == FileFormat.TS) {
                throw source.refuse(key, value, "recording to ts is not possible in this version");
            }
            formats.put(video, file);
        }
        return formats;
    }

    /// What stands in braces has to be known: a typing error would be in the name of every file.
    private String template(String key, String byDefault) throws SettingsException {
        String value = text(key, byDefault);
        Matcher element = ELEMENT.matcher(value);
        while (element.find()) {
            if (!ELEMENTS.contains(element.group(1))) {
                throw source.refuse(key, value, "elements are " + String.join(", ", ELEMENTS));
            }
        }
        return value;
    }

    private NameEncoding nameEncoding() throws SettingsException {
        String key = "encode_record_name";
        String value = text(key, "false");
        return switch (value.replace(" ", "").toLowerCase(Locale.ROOT)) {
            case "false" -> NameEncoding.PLAIN;
            case "true,hex" -> NameEncoding.HEX;
            case "true,base64" -> NameEncoding.BASE64;
            default -> throw source.refuse(key, value, "false, or true,HEX, or true,BASE64");
        };
    }

    private OptionalLong fsync() throws SettingsException {
        String key = "record_fsync";
        String value = text(key, "none");
        return switch (value) {
            case "none" -> OptionalLong.empty();
            case "fragment" -> OptionalLong.of(0);
            default -> {
                if (!value.matches("[1-9]\\d{0,7}")) {
                    throw source.refuse(key, value, "none, fragment, or a number of milliseconds");
                }
                yield OptionalLong.of(Long.parseLong(value));
            }
        };
    }

    private Map<String, String> unbuiltValues() throws SettingsException {
        Map<String, String> values = new LinkedHashMap<>();
        for (Map.Entry<String, Planned> entry : UNBUILT.entrySet()) {
            Planned planned = entry.getValue();
            String value = text(entry.getKey(), planned.byDefault());
            if (!value.matches(planned.pattern())) {
                throw source.refuse(entry.getKey(), value, planned.allowed());
            }
            if (!value.equals(planned.byDefault())) {
                values.put(entry.getKey(), value);
            }
        }
        return values;
    }

    private String text(String key, String byDefault) {
        return source.value(key).orElse(byDefault);
    }

    private List<String> list(String key) {
        List<String> values = new ArrayList<>();
        for (String value : text(key, "").split(",", -1)) {
            if (!value.isBlank()) {
                values.add(value.trim());
            }
        }
        return List.copyOf(values);
    }

    private boolean flag(String key, boolean byDefault) throws SettingsException {
        String value = text(key, Boolean.toString(byDefault));
        return switch (value) {
            case "true" -> true;
            case "false" -> false;
            default -> throw source.refuse(key, value, "true or false");
        };
    }

    private int number(String key, int byDefault, int least, int most) throws SettingsException {
        String value = text(key, Integer.toString(byDefault));
        if (value.matches("\\d{1,9}")) {
            int number = Integer.parseInt(value);
            if (number >= least && number <= most) {
                return number;
            }
        }
        throw source.refuse(key, value, "a number from %d to %d".formatted(least, most));
    }

    private Port port(String key, int byDefault) throws SettingsException {
        if (text(key, "?").isEmpty()) {
            return new Port(key, OptionalInt.empty());
        }
        return new Port(key, OptionalInt.of(number(key, byDefault, 0, 65_535)));
    }

    private long size(String key, String byDefault) throws SettingsException {
        String value = text(key, byDefault);
        Matcher size = SIZE.matcher(value);
        if (!size.matches()) {
            throw source.refuse(key, value, "a number with g or m, like 1g or 1024m");
        }
        return Long.parseLong(size.group(1)) << (size.group(2).equalsIgnoreCase("g") ? 30 : 20);
    }

    private Path path(String key, Path byDefault) throws SettingsException {
        String value = text(key, "");
        if (value.isEmpty()) {
            return byDefault.toAbsolutePath().normalize();
        }
        try {
            return Path.of(value).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw source.refuse(key, value, "a path is needed");
        }
    }

    /// A script that was named must be there; the shipped one may be missing. An empty value turns the hook off.
    private Optional<Path> script(String key, Path byDefault) throws SettingsException {
        Optional<String> value = source.value(key);
        if (value.isPresent() && value.get().isEmpty()) {
            return Optional.empty();
        }
        Path script = path(key, byDefault);
        if (Files.isExecutable(script)) {
            return Optional.of(script);
        }
        if (value.isPresent()) {
            throw source.refuse(key, value.get(), "an executable file is needed");
        }
        return Optional.empty();
    }

    private <E extends Enum<E>> E choice(String key, E byDefault) throws SettingsException {
        String value = text(key, byDefault.name().toLowerCase(Locale.ROOT));
        return constant(key, value, value, byDefault.getDeclaringClass().getEnumConstants());
    }

    private <E extends Enum<E>> E constant(String key, String value, String name, E[] constants)
            throws SettingsException {
        List<String> names = new ArrayList<>();
        for (E constant : constants) {
            String lower = constant.name().toLowerCase(Locale.ROOT);
            if (lower.equals(name)) {
                return constant;
            }
            names.add(lower);
        }
        throw source.refuse(key, value, "one of " + String.join(", ", names));
    }

    private static Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>(List.of(
                "data_dir",
                "http_port",
                "http_trust_loopback",
                "http_trusted_proxies",
                "record_response_content_disposition_header_value",
                "rtmp_port",
                "webrtc_port",
                "webrtc_announce",
                "webrtc_pre_init",
                "record_streams",
                "record_flash_published_streams",
                "record_rtsp_streams",
                "record_whip_streams",
                "record_formats",
                "stream_record_policy_template",
                "encode_record_name",
                "exclude_record_name_characters",
                "record_dir",
                "record_tmp_dir",
                "record_fragment_duration",
                "record_fsync",
                "record_direct_io",
                "mp4_container_moov_reserved_space_size",
                "file_recorder_thread_pool_max_size",
                "file_recorder_min_space",
                "file_recorder_error_interval",
                "file_recorder_max_errors_per_interval",
                "record_stop_timeout",
                "record_mp4_audio",
                "on_record_hook_script"));
        keys.addAll(FIXED.keySet());
        keys.addAll(UNBUILT.keySet());
        return keys;
    }

    private static Map<String, Planned> unbuilt() {
        Map<String, Planned> unbuilt = new LinkedHashMap<>();
        for (String port : List.of(
                "https_port 8444",
                "ws_port 8080",
                "wss_port 8443",
                "kurento_port 8888",
                "rtmps_port 1936",
                "rtsp_port 5554",
                "liveflv_port 6666",
                "mpegts_port 9999",
                "cli_port 1112")) {
            String[] keyAndNumber = port.split(" ", -1);
            unbuilt.put(keyAndNumber[0], new Planned(keyAndNumber[1], "\\d{0,5}", "a port, or nothing"));
        }
        Planned on = new Planned("true", "true|false", "true or false");
        unbuilt.put("rtp_ports", new Planned("31001-32000", "\\d{1,5}-\\d{1,5}", "two ports like 31001-32000"));
        unbuilt.put("record_rotation", new Planned("disabled", "disabled|\\d{1,9}M?", "seconds, 10M, or disabled"));
        unbuilt.put("record_rotation_index_enabled", on);
        unbuilt.put("record_audio_buffer_max_size", new Planned("100", "\\d{1,9}", "a number of packets"));
        unbuilt.put("record_audio_codec_sample_rate", new Planned("44100", "\\d{4,6}", "a rate in Hz"));
        unbuilt.put("record_audio_codec_channels", new Planned("2", "[12]", "1 or 2"));
        unbuilt.put("record_fdk_aac_bitrate_mode", new Planned("5", "[0-5]", "0 to 5"));
        unbuilt.put("mp4_container_moov_first", on);
        unbuilt.put("mp4_container_moov_first_reserve_space", on);
        unbuilt.put("webm_java_writer_enable", on);
        unbuilt.put("webm_cluster_duration_limit", new Planned("100000", "\\d{1,9}", "a number of milliseconds"));
        unbuilt.put("webm_cluster_size_limit", new Planned("131072", "\\d{1,9}", "a number of bytes"));
        unbuilt.put("record_preroll", new Planned("0", "\\d{1,5}", "a number of seconds"));
        unbuilt.put("mp4_cutter_dir", new Planned("", ".*", "a path"));
        unbuilt.put("multi_record_dir", new Planned("", ".*", "a path"));
        unbuilt.put(
                "on_multiple_record_hook_script",
                new Planned("on_multiple_record_hook.sh", ".*", "an executable file"));
        return unbuilt;
    }
}
