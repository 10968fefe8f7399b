package tapedeck.rights;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tapedeck.bytes.MalformedException;

/// Users and their salted hashes, one line each, as [UserLine] has it: `NAME=pbkdf2-sha256$…`. Read again whenever it
/// has changed.
public final class UserFile {
    static final int MAX_FILE_BYTES = 4 << 20;
    /// NIST SP 800-63B 3.1.1.2: what is shorter is guessed.
    static final int MIN_PASSWORD_CHARACTERS = 8;

    private static final Logger log = LoggerFactory.getLogger(UserFile.class);
    private static final Pattern NAME = Pattern.compile("[A-Za-z0-9._@-]{1,64}");

    private record Version(
            FileTime modified, long sizeBytes, @Nullable Object key) {}

    private record Content(@Nullable Version version, Map<String, UserLine> users) {}

    private static final Content NOBODY = new Content(null, Map.of());

    private final Path file;
    private volatile @Nullable Content content;

    UserFile(Path file) {
        this.file = file;
    }

    /// Everybody who is in the file now. Nobody is in one that cannot be read.
    Map<String, UserLine> users() {
        Content known = content;
        Version version = version();
        if (known == null || !Objects.equals(known.version(), version)) {
            known = read(version);
            content = known;
        }
        return known.users();
    }

    /// Null if there is no file.
    private @Nullable Version version() {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            return new Version(attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
        } catch (IOException e) {
            return null;
        }
    }

    private Content read(@Nullable Version version) {
        try {
            if (version == null) {
                throw new NoSuchFileException(file.toString());
            }
            if (version.sizeBytes() > MAX_FILE_BYTES) {
                throw new IOException("larger than %d bytes".formatted(MAX_FILE_BYTES));
            }
            Properties lines = new Properties();
            lines.load(new StringReader(Files.readString(file)));
            Map<String, UserLine> users = new HashMap<>();
            for (String name : lines.stringPropertyNames()) {
                add(users, name, lines.getProperty(name));
            }
            log.info("{}: {} users", file, users.size());
            return new Content(version, Map.copyOf(users));
        } catch (NoSuchFileException _) {
            log.warn("{} is not there: nobody has a password; ./run user NAME makes one", file);
        } catch (IOException | IllegalArgumentException e) {
            log.warn("{} cannot be read, so nobody has a password: {}", file, e.getMessage());
        }
        return new Content(version, NOBODY.users());
    }

    private void add(Map<String, UserLine> users, String name, String hash) {
        try {
            users.put(demandName(name), UserLine.parse(hash));
        } catch (MalformedException e) {
            // Not the value, which may be a password that somebody wrote in plain.
            log.warn("{}: the line of \"{}\" does not count: {}", file, name, e.getMessage());
        }
    }

    /// Writes the user's line, or a new one for a user that has one already.
    ///
    /// @throws MalformedException if name or password are not allowed
    public static void put(Path file, String name, String password) throws IOException {
        put(file, name, password, Kept.HASH);
    }

    /// What of a password is kept.
    public enum Kept {
        /// With which only a password that was shown can be checked.
        HASH,
        /// And with which [DigestProof] can: who reads the file can try passwords fast.
        DIGEST_TOO
    }

    /// As [#put(Path, String, String)].
    public static void put(Path file, String name, String password, Kept kept) throws IOException {
        demandName(name);
        if (password.length() < MIN_PASSWORD_CHARACTERS || password.length() > PasswordHash.MAX_PASSWORD_CHARACTERS) {
            throw new MalformedException("a password has %d to %d characters"
                    .formatted(MIN_PASSWORD_CHARACTERS, PasswordHash.MAX_PASSWORD_CHARACTERS));
        }
        List<String> lines = others(file, name);
        lines.add(name + "=" + UserLine.of(name, password, kept).text());
        write(file, lines);
    }

    /// Takes the user's line out.
    ///
    /// @return whether there was one
    public static boolean remove(Path file, String name) throws IOException {
        List<String> lines = others(file, demandName(name));
        boolean there =
                Files.exists(file) && lines.size() < Files.readAllLines(file).size();
        if (there) {
            write(file, lines);
        }
        return there;
    }

    private static List<String> others(Path file, String name) throws IOException {
        Pattern own = Pattern.compile("\\s*" + Pattern.quote(name) + "\\s*[=:].*");
        List<String> lines = new ArrayList<>();
        if (Files.exists(file)) {
            for (String line : Files.readAllLines(file)) {
                if (!own.matcher(line).matches()) {
                    lines.add(line);
                }
            }
        }
        return lines;
    }

    /// In one step: a server that reads meanwhile sees the old file or the new one.
    private static void write(Path file, List<String> lines) throws IOException {
        Path place = Files.exists(file) ? file.toRealPath() : file.toAbsolutePath();
        Path folder = Objects.requireNonNull(place.getParent(), "a file is in a folder");
        Files.createDirectories(folder);
        Path written = Files.createTempFile(
                folder,
                ".users",
                ".new",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            Files.write(written, lines, StandardCharsets.UTF_8);
            if (Files.exists(place)) {
                Files.setPosixFilePermissions(written, Files.getPosixFilePermissions(place));
            }
            Files.move(written, place, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(written);
        }
    }

    private static String demandName(String name) {
        if (!NAME.matcher(name).matches()) {
            throw new MalformedException("a user's name has 1 to 64 letters, digits and . _ @ -");
        }
        return name;
    }
}
