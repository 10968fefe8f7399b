/// MP4 (ISO/IEC 14496-12, -14, -15): fragments while it grows, an ordinary file with `moov` first afterwards.
@org.jspecify.annotations.NullMarked
package tapedeck.container.mp4;
