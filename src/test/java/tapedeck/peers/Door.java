package tapedeck.peers;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;
import java.util.stream.Collectors;

/// Every way in and out that somebody may be kept from, and the test that tries it in the matrix of rights. Not more
/// than eight of one test show something wrong at a time: after ten, everything is refused for a minute.
enum Door {
    RTMP_IN("RTMP in", "RTMP/tcp", RightsMatrixTest.class),
    RTMP_OUT("RTMP out", "RTMP/tcp", RightsMatrixTest.class),
    WHIP("WHIP", "/whip/*", RightsMatrixTest.class),
    WHEP("WHEP", "/whep/*", RightsMatrixTest.class),
    RTSP_IN("RTSP in", "RTSP/tcp", RightsMatrixTest.class),
    RTSP_OUT("RTSP out", "RTSP/tcp", RightsMatrixTest.class),

    LIVE_FLV("live FLV out", "/live/*.flv", RightsOfOtherWaysTest.class),
    LIVE_TS("live TS out", "/live/*.ts", RightsOfOtherWaysTest.class),
    LIVE_MP4("live MP4 out", "/live/*.mp4", RightsOfOtherWaysTest.class),
    LIVE_MP4_SOCKET("live MP4 over a WebSocket out", "/live/*.mp4", RightsOfOtherWaysTest.class),
    HLS("HLS out", "/hls/*/index.m3u8", RightsOfOtherWaysTest.class),
    CHUNKS("chunks in", "/ingest/*", RightsOfOtherWaysTest.class),
    CHUNKS_SOCKET("chunks over a WebSocket in", "/ingest/*", RightsOfOtherWaysTest.class),
    RTSP_PULLED("RTSP pulled", "RTSP/tcp", RightsOfOtherWaysTest.class),
    MPEG_TS("MPEG-TS in", "MPEG-TS/tcp", RightsOfOtherWaysTest.class),
    LIVE_FLV_IN("LiveFLV in", "LiveFLV/tcp", RightsOfOtherWaysTest.class),

    RTMPS_IN("RTMPS in", "RTMPS/tcp", RightsOfWrappedWaysTest.class),
    RTMPS_OUT("RTMPS out", "RTMPS/tcp", RightsOfWrappedWaysTest.class),
    RTMPT_IN("RTMPT in", "RTMPT/tcp", RightsOfWrappedWaysTest.class),
    RTMPT_OUT("RTMPT out, on the port of HTTP", "/send/*", RightsOfWrappedWaysTest.class),
    RTSPS_IN("RTSPS in", "RTSPS/tcp", RightsOfWrappedWaysTest.class),
    RTSPS_OUT("RTSPS out", "RTSPS/tcp", RightsOfWrappedWaysTest.class),

    RTSP_TUNNEL_IN("RTSP through HTTP in", "RTSP/tcp", RightsOfTunnelsTest.class),
    RTSP_TUNNEL_OUT("RTSP through HTTP out", "RTSP/tcp", RightsOfTunnelsTest.class),
    RTSPS_TUNNEL_IN("RTSP through HTTPS in", "RTSPS/tcp", RightsOfTunnelsTest.class),
    RTSPS_TUNNEL_OUT("RTSP through HTTPS out", "RTSPS/tcp", RightsOfTunnelsTest.class),

    HLS_LIVE("HLS, the live playlist", "/hls/*/live.m3u8", RightsOfPlaylistsTest.class),
    HLS_TS("HLS in MPEG-TS", "/hls/*/ts.m3u8", RightsOfPlaylistsTest.class),
    HLS_DVR("HLS, all that is recorded", "/hls/*/dvr.m3u8", RightsOfPlaylistsTest.class),
    HLS_REWIND("HLS, the last seconds", "/hls/*/index.m3u8", RightsOfPlaylistsTest.class),
    HLS_PAST("what is recorded of a live stream", "/hls/*/past.mp4", RightsOfPlaylistsTest.class),
    HLS_SEGMENT("a segment of HLS", "/hls/*/seg-N.m4s", RightsOfPlaylistsTest.class),
    HTTPS("live FLV out by TLS", "HTTPS/tcp", RightsOfPlaylistsTest.class),

    RTMP_PULLED("RTMP pulled", "RTMP/tcp", RightsOfPullsTest.class),
    HLS_PULLED("HLS pulled", "/hls/*/index.m3u8", RightsOfPullsTest.class),
    FLV_PULLED("FLV pulled", "/live/*.flv", RightsOfPullsTest.class),
    TS_PULLED("MPEG-TS pulled", "/live/*.ts", RightsOfPullsTest.class),
    MPEG_TS_UDP("MPEG-TS by UDP in", "MPEG-TS/udp", RightsOfPullsTest.class);

    private final String title;
    private final String place;
    private final Class<?> test;

    /// @param place a port as the server names it, or a path of HTTP
    Door(String title, String place, Class<?> test) {
        this.title = title;
        this.place = place;
        this.test = test;
    }

    String title() {
        return title;
    }

    /// Whether nothing can be shown here.
    boolean isPlain() {
        return this == MPEG_TS || this == LIVE_FLV_IN || this == MPEG_TS_UDP;
    }

    static Set<Door> of(Class<?> test) {
        return Arrays.stream(values())
                .filter(door -> door.test.equals(test))
                .collect(Collectors.toCollection(() -> EnumSet.noneOf(Door.class)));
    }

    /// Where they are.
    static Set<String> places() {
        return Arrays.stream(values()).map(door -> door.place).collect(Collectors.toSet());
    }
}
