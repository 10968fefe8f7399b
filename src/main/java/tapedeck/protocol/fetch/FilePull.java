package tapedeck.protocol.fetch;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;
import java.util.Set;
import tapedeck.container.StoredBytes;
import tapedeck.relay.PullClient;
import tapedeck.relay.PullSink;
import tapedeck.relay.RelayRefusedException;
import tapedeck.relay.RelayTarget;
import tapedeck.stream.Publisher;

/// Plays files of one folder as live streams: `file:///name.mp4`; MP4, MKV and WebM, MPEG-TS, FLV. The option `loop`
/// begins again at the end.
public final class FilePull implements PullClient {
    private final Optional<Path> folder;

    /// @param folder nothing outside of it is read; empty plays no files
    public FilePull(Optional<Path> folder) {
        this.folder = folder;
    }

    @Override
    public Set<String> schemes() {
        return Set.of("file");
    }

    @Override
    public Publisher.Protocol protocol() {
        return Publisher.Protocol.HTTP;
    }

    @Override
    public void pull(RelayTarget target, PullSink sink) throws IOException, InterruptedException {
        Path file = resolved(target);
        Outlet outlet = new Outlet("pull of " + target, sink);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            sink.controls(outlet.playhead());
            new FilePlay(StoredBytes.of(channel), FilePlay.Place.HERE, outlet).run(loops(target));
        }
    }

    static boolean loops(RelayTarget target) {
        return target.option("loop", "false").equals("true");
    }

    private Path resolved(RelayTarget target) throws IOException {
        if (folder.isEmpty()) {
            throw refused("file: pull_dir is not set");
        }
        Path root = folder.get().toRealPath();
        String name =
                target.uri().getPath() == null ? "" : target.uri().getPath().replaceFirst("^/+", "");
        try {
            Path file = root.resolve(name).normalize();
            // The second one knows of links.
            if (file.startsWith(root)
                    && Files.isRegularFile(file)
                    && file.toRealPath().startsWith(root)) {
                return file;
            }
        } catch (InvalidPathException _) {
            // Said below.
        }
        throw refused("file: there is no \"%s\" in pull_dir".formatted(name));
    }

    static RelayRefusedException refused(String message) {
        return new RelayRefusedException(RelayRefusedException.Reason.ADDRESS, message);
    }
}
