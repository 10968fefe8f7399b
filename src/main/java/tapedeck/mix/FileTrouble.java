package tapedeck.mix;

import java.io.File;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import org.jspecify.annotations.Nullable;

/// Why a file could not be used, for people: without names of classes and without folders of this machine, because it
/// goes out over REST.
public final class FileTrouble {
    private FileTrouble() {}

    public static String of(IOException e) {
        return switch (e) {
            case NoSuchFileException _ -> "there is no such file";
            case AccessDeniedException _ -> "access is denied";
            case FileSystemException refused -> or(refused.getReason());
            case CharacterCodingException _ -> "no text in UTF-8";
            default -> or(e.getMessage());
        };
    }

    private static String or(@Nullable String reason) {
        return reason == null || reason.contains(File.separator) ? "it cannot be read or written" : reason;
    }
}
