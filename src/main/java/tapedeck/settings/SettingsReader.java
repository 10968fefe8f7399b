package tapedeck.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/// Turns text into the tree of settings; every key, default and bound stands here once.
final class SettingsReader {
    /// @param pattern what its values look like
    /// @param allowed the same in words
    private record Planned(String byDefault, String pattern, String allowed) {}

    /// Part of the contract, but the feature is not built yet: checked, and named at the start when set to
    /// something else than its default.
    private static final Map<String, Planned> UNBUILT = unbuilt();

    /// What would be dangerous or useless to accept before it is built: any value but this is refused.
    private static final Map<String, String> FIXED = Map.of("stream_takeover", "false");

    private static final List<String> PORTS =
            List.of("rtmp_port", "rtsp_port", "rtsps_port", "rtp_ports", "webrtc_port", "tls_certificate", "tls_key");

    private static final List<String> DATABASE = List.of("database_url", "database_user", "database_password");

    private static final List<String> HTTP_KEYS = List.of(
            "https_port",
            "ws_port",
            "http_trust_loopback",
            "http_trusted_proxies",
            "rest_calls_per_second",
            "hls_rewind",
            "record_response_content_disposition_header_value");

    /// Every key that may be set.
    static final Set<String> KEYS = keys();

    private final SettingsSource source;
    private final SettingValues values;

    SettingsReader(SettingsSource source) {
        this.source = source;
        this.values = new SettingValues(source);
    }

    Settings read() throws SettingsException {
        for (Map.Entry<String, String> fixed : FIXED.entrySet()) {
            String value = values.text(fixed.getKey(), fixed.getValue());
            if (!value.equals(fixed.getValue())) {
                throw source.refuse(
                        fixed.getKey(), value, "only %s is possible in this version".formatted(fixed.getValue()));
            }
        }
        Path dataDir = values.path("data_dir", Path.of("data"));
        return new Settings(
                dataDir,
                new Settings.Http(
                        values.port("http_port", 8081),
                        values.port("https_port", 8444),
                        values.port("ws_port", 8080),
                        values.flag("http_trust_loopback", true),
                        values.list("http_trusted_proxies"),
                        values.number("rest_calls_per_second", 100, 0, 1_000_000),
                        values.choice(
                                "record_response_content_disposition_header_value", Settings.Http.Disposition.INLINE),
                        values.number("hls_rewind", 0, 0, 604_800)),
                new Settings.Rtmp(values.port("rtmp_port", 1935), values.port("rtmps_port", 1936)),
                rtsp(),
                new Settings.WebRtc(
                        values.port("webrtc_port", 8189),
                        announced("webrtc_announce"),
                        values.flag("webrtc_pre_init", true),
                        iceServers("webrtc_ice_servers")),
                new IngestReader(source, values).ingest(),
                new RightsReader(source, values).rights(),
                tls(),
                new RelaysReader(source, values).relays(),
                values.port("cli_port", 1112),
                new RecordingReader(source, values).recording(dataDir),
                new RecordingReader(source, values).hooks(),
                database(),
                new Settings.Unbuilt(unbuiltValues()));
    }

    private Settings.Tls tls() throws SettingsException {
        Optional<Path> certificate = values.file("tls_certificate");
        Optional<Path> key = values.file("tls_key");
        if (certificate.isPresent() != key.isPresent()) {
            throw source.refuse(
                    certificate.isPresent() ? "tls_key" : "tls_certificate",
                    "",
                    "a certificate and its key are needed together");
        }
        return new Settings.Tls(certificate, key);
    }

    private Settings.Rtsp rtsp() throws SettingsException {
        String key = "rtp_ports";
        String value = values.text(key, "31001-32000");
        if (value.matches("\\d{1,5}-\\d{1,5}")) {
            String[] ends = value.split("-", 2);
            int first = Integer.parseInt(ends[0]);
            int last = Integer.parseInt(ends[1]);
            // An even one and the next.
            if (first > 0 && last <= 65_535 && first + (first & 1) < last) {
                return new Settings.Rtsp(
                        values.port("rtsp_port", 5554), values.optionalPort("rtsps_port"), first, last);
            }
        }
        throw source.refuse(key, value, "two ports like 31001-32000, with an even one and the next between them");
    }

    private List<String> announced(String key) throws SettingsException {
        List<String> items = values.list(key);
        try {
            Announced.parse(items);
            return items;
        } catch (IllegalArgumentException e) {
            throw source.refuse(key, String.join(",", items), "IP addresses and stun:HOST:PORT, separated by commas");
        }
    }

    private List<IceServer> iceServers(String key) throws SettingsException {
        List<IceServer> servers = new ArrayList<>();
        for (String item : values.list(key)) {
            try {
                servers.add(IceServer.parse(item));
            } catch (IllegalArgumentException e) {
                // Without the value: it may hold a password.
                throw source.refuse(key, item.split(" ", 2)[0], IceServer.ALLOWED);
            }
        }
        return servers;
    }

    private Settings.Database database() throws SettingsException {
        String key = "database_url";
        String url = values.text(key, "");
        if (!url.isEmpty() && !url.startsWith("jdbc:postgresql:") && !url.startsWith("jdbc:h2:")) {
            throw source.refuse(key, url, "jdbc:postgresql:… or jdbc:h2:… or nothing");
        }
        return new Settings.Database(
                url, values.text("database_user", "tapedeck"), values.text("database_password", ""));
    }

    private Map<String, String> unbuiltValues() throws SettingsException {
        Map<String, String> set = new LinkedHashMap<>();
        for (Map.Entry<String, Planned> entry : UNBUILT.entrySet()) {
            Planned planned = entry.getValue();
            String value = values.text(entry.getKey(), planned.byDefault());
            if (!value.matches(planned.pattern())) {
                throw source.refuse(entry.getKey(), value, planned.allowed());
            }
            if (!value.equals(planned.byDefault())) {
                set.put(entry.getKey(), value);
            }
        }
        return set;
    }

    private static Set<String> keys() {
        Set<String> keys = new LinkedHashSet<>(List.of(
                "data_dir",
                "http_port",
                "webrtc_announce",
                "webrtc_pre_init",
                "webrtc_ice_servers",
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
                "record_h264_to_ts",
                "record_rotation",
                "record_rotation_index_enabled",
                "record_size_change",
                "record_audio_buffer_max_size",
                "record_audio_codec_sample_rate",
                "record_audio_codec_channels",
                "record_fdk_aac_bitrate_mode",
                "record_preroll",
                "record_retention_days",
                "record_retention_max_size",
                "record_retention_min_free",
                "mp4_container_moov_first",
                "mp4_container_moov_first_reserve_space",
                "mp4_cutter_dir",
                "webm_cluster_duration_limit",
                "webm_cluster_size_limit",
                "on_record_hook_script",
                "record_hook_timeout",
                "record_hook_parallel",
                "record_webhook_url",
                "record_webhook_secret"));
        keys.addAll(RecordingReader.MULTI_KEYS);
        keys.addAll(PORTS);
        keys.addAll(DATABASE);
        keys.addAll(HTTP_KEYS);
        keys.addAll(RightsReader.KEYS);
        keys.addAll(RelaysReader.KEYS);
        keys.add("cli_port");
        keys.add("rtmps_port");
        keys.addAll(IngestReader.KEYS);
        keys.addAll(FIXED.keySet());
        keys.addAll(UNBUILT.keySet());
        return keys;
    }

    private static Map<String, Planned> unbuilt() {
        Map<String, Planned> unbuilt = new LinkedHashMap<>();
        for (String port : List.of("wss_port 8443", "kurento_port 8888")) {
            String[] keyAndNumber = port.split(" ", -1);
            unbuilt.put(keyAndNumber[0], new Planned(keyAndNumber[1], "\\d{0,5}", "a port, or nothing"));
        }
        Planned on = new Planned("true", "true|false", "true or false");
        unbuilt.put("webm_java_writer_enable", on);
        return unbuilt;
    }
}
