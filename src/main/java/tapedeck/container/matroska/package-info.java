/// Matroska and WebM (RFC 9559, RFC 8794): clusters of known size, cues and duration added by finishing.
@org.jspecify.annotations.NullMarked
package tapedeck.container.matroska;
