package tapedeck.settings;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tapedeck.settings.Settings.FileFormat;
import tapedeck.settings.Settings.Mp4Audio;
import tapedeck.settings.Settings.NameEncoding;
import tapedeck.settings.Settings.VideoFormat;

/// The keys of the recording page and our own about recording.
final class RecordingReader {
    private static final Map<VideoFormat, Set<FileFormat>> CARRIES = Map.of(
            VideoFormat.H264, Set.of(FileFormat.MP4, FileFormat.MKV, FileFormat.TS),
            VideoFormat.H265, Set.of(FileFormat.MP4, FileFormat.MKV, FileFormat.TS),
            VideoFormat.VP8, Set.of(FileFormat.MP4, FileFormat.WEBM, FileFormat.MKV),
            VideoFormat.VP9, Set.of(FileFormat.MP4, FileFormat.WEBM, FileFormat.MKV),
            VideoFormat.AV1, Set.of(FileFormat.MP4, FileFormat.WEBM, FileFormat.MKV));

    /// Codecs that are not named in `record_formats` go where every one of them fits.
    private static final FileFormat OTHERWISE = FileFormat.MKV;

    /// Of recordings of many streams.
    static final List<String> MULTI_KEYS = List.of(
            "multi_record_dir",
            "multi_record_format",
            "on_multiple_record_hook_script",
            "multiple_record_hook_timeout");

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

    /// ISO/IEC 14496-3 1.6.3.4, without those that nobody records with.
    private static final List<Integer> AAC_SAMPLE_RATES =
            List.of(8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000, 64_000, 88_200, 96_000);

    private static final Pattern ROTATION = Pattern.compile("[1-9]\\d{0,8}M?");

    private final SettingsSource source;
    private final SettingValues values;

    RecordingReader(SettingsSource source, SettingValues values) {
        this.source = source;
        this.values = values;
    }

    Settings.Recording recording(Path dataDir) throws SettingsException {
        Path dir = values.path("record_dir", dataDir.resolve("records"));
        return new Settings.Recording(
                values.flag("record_streams", true),
                values.flag("record_flash_published_streams", false),
                values.flag("record_rtsp_streams", false),
                values.flag("record_whip_streams", false),
                values.choices("record_other_streams", Settings.Way.class),
                formats(),
                values.choice("record_size_change", Settings.SizeChange.AUTO),
                template("stream_record_policy_template", "stream-{mediaSessionId}-{login}"),
                nameEncoding(),
                values.text("exclude_record_name_characters", "/"),
                rotation(),
                values.flag("record_rotation_index_enabled", true),
                dir,
                values.path("record_tmp_dir", dir),
                values.path("multi_record_dir", dir),
                values.choice("multi_record_format", Settings.MultiFormat.MP4),
                values.path("mp4_cutter_dir", dir),
                values.number("record_fragment_duration", 1000, 300, 10_000),
                fsync(),
                values.flag("record_direct_io", true),
                values.number("file_recorder_thread_pool_max_size", 4, 1, 64),
                values.size("file_recorder_min_space", "1g"),
                values.number("file_recorder_error_interval", 60, 1, 100_000),
                values.number("file_recorder_max_errors_per_interval", 3, 1, 100_000),
                values.number("record_stop_timeout", 15, 1, 3600),
                values.number("record_audio_buffer_max_size", 100, 1, 10_000),
                values.number("record_preroll", 0, 0, 60),
                new Settings.Mp4(
                        values.choice("record_mp4_audio", Mp4Audio.AAC),
                        values.flag("mp4_container_moov_first", true),
                        values.flag("mp4_container_moov_first_reserve_space", false),
                        values.number("mp4_container_moov_reserved_space_size", 2048, 8, 1 << 20)),
                new Settings.Webm(
                        values.number("webm_cluster_duration_limit", 100_000, 1, 10_000_000),
                        values.number("webm_cluster_size_limit", 131_072, 1, 1 << 29)),
                new Settings.Aac(
                        values.oneOf("record_audio_codec_sample_rate", 44_100, AAC_SAMPLE_RATES),
                        values.number("record_audio_codec_channels", 2, 1, 2),
                        values.number("record_fdk_aac_bitrate_mode", 5, 0, 5)),
                new Settings.Retention(
                        values.number("record_retention_days", 0, 0, 100_000),
                        values.optionalSize("record_retention_max_size"),
                        values.optionalSize("record_retention_min_free")));
    }

    Settings.Hooks hooks() throws SettingsException {
        return new Settings.Hooks(
                values.script("on_record_hook_script", Path.of("bin", "on_record_hook.sh")),
                values.number("record_hook_timeout", 10, 1, 86_400),
                values.number("record_hook_parallel", 4, 1, 64),
                values.script("on_multiple_record_hook_script", Path.of("bin", "on_multiple_record_hook.sh")),
                values.number("multiple_record_hook_timeout", 86_400, 1, 864_000),
                webhook());
    }

    private Optional<Settings.Webhook> webhook() throws SettingsException {
        String key = "record_webhook_url";
        String value = values.text(key, "");
        String secret = values.text("record_webhook_secret", "");
        if (value.isEmpty()) {
            return Optional.empty();
        }
        try {
            URI url = new URI(value);
            boolean http = "http".equalsIgnoreCase(url.getScheme()) || "https".equalsIgnoreCase(url.getScheme());
            if (http && url.getHost() != null && url.getUserInfo() == null) {
                return Optional.of(new Settings.Webhook(url, secret));
            }
        } catch (URISyntaxException _) {
            // Refused below.
        }
        throw source.refuse(key, value, "an address like https://host/path without a password is needed");
    }

    private String rotation() throws SettingsException {
        String key = "record_rotation";
        String value = values.text(key, "disabled").strip();
        if (!value.equals("disabled") && !ROTATION.matcher(value).matches()) {
            throw source.refuse(key, value, "seconds as in 20, megabytes as in 20M, or disabled");
        }
        return value;
    }

    private Map<VideoFormat, FileFormat> formats() throws SettingsException {
        String key = "record_formats";
        String value = values.text(key, "h264-mp4, vp8-webm");
        EnumMap<VideoFormat, FileFormat> formats = new EnumMap<>(VideoFormat.class);
        for (VideoFormat video : VideoFormat.values()) {
            formats.put(video, OTHERWISE);
        }
        for (String pair : value.split(",", -1)) {
            String[] sides = pair.trim().toLowerCase(Locale.ROOT).split("-", -1);
            if (sides.length != 2) {
                throw source.refuse(key, value, "pairs like h264-mp4, vp8-webm are needed");
            }
            VideoFormat video = values.constant(key, value, sides[0], VideoFormat.values());
            FileFormat file = values.constant(key, value, sides[1], FileFormat.values());
            if (!CARRIES.getOrDefault(video, Set.of()).contains(file)) {
                throw source.refuse(key, value, "%s cannot carry %s".formatted(sides[1], sides[0]));
            }
            formats.put(video, file);
        }
        if (values.flag("record_h264_to_ts", false)) {
            formats.put(VideoFormat.H264, FileFormat.TS);
        }
        return formats;
    }

    /// What stands in braces has to be known: a typing error would be in the name of every file.
    private String template(String key, String byDefault) throws SettingsException {
        String value = values.text(key, byDefault);
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
        String value = values.text(key, "false");
        return switch (value.replace(" ", "").toLowerCase(Locale.ROOT)) {
            case "false" -> NameEncoding.PLAIN;
            case "true,hex" -> NameEncoding.HEX;
            case "true,base64" -> NameEncoding.BASE64;
            default -> throw source.refuse(key, value, "false, or true,HEX, or true,BASE64");
        };
    }

    private OptionalLong fsync() throws SettingsException {
        String key = "record_fsync";
        String value = values.text(key, "none");
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
}
