package tapedeck.settings;

import java.net.InetAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// The settings of the ways in that have no place for a password.
final class IngestReader {
    static final Set<String> KEYS = Set.of(
            "record_other_streams",
            "mpegts_port",
            "mpegts_multicast",
            "liveflv_port",
            "publish_auth_exempt",
            "pull_dir");

    private static final Pattern MULTICAST = Pattern.compile("([0-9.]+|\\[[0-9a-fA-F:]+]):(\\d{1,5})(?:@(\\S+))?");

    private final SettingsSource source;
    private final SettingValues values;

    IngestReader(SettingsSource source, SettingValues values) {
        this.source = source;
        this.values = values;
    }

    Settings.Ingest ingest() throws SettingsException {
        List<Settings.MulticastGroup> groups = new ArrayList<>();
        for (String item : values.list("mpegts_multicast")) {
            groups.add(multicastGroup(item));
        }
        return new Settings.Ingest(
                values.port("mpegts_port", 9999),
                values.port("liveflv_port", 6666),
                groups,
                values.list("publish_auth_exempt"),
                values.text("pull_dir", "").isEmpty()
                        ? Optional.empty()
                        : Optional.of(values.path("pull_dir", Path.of("."))));
    }

    /// `GROUP:PORT` or `GROUP:PORT@INTERFACE`; IPv6 in brackets.
    private Settings.MulticastGroup multicastGroup(String item) throws SettingsException {
        Matcher parts = MULTICAST.matcher(item);
        if (parts.matches()) {
            try {
                InetAddress group = InetAddress.ofLiteral(parts.group(1).replaceAll("[\\[\\]]", ""));
                int port = Integer.parseInt(parts.group(2));
                if (group.isMulticastAddress() && port > 0 && port <= 65_535) {
                    return new Settings.MulticastGroup(group, port, parts.group(3) == null ? "" : parts.group(3));
                }
            } catch (IllegalArgumentException _) {
                // Said below.
            }
        }
        throw source.refuse(
                "mpegts_multicast", item, "multicast groups like 239.1.1.1:5000 or 239.1.1.1:5000@eth0, with commas");
    }
}
