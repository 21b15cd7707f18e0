using Mirror.Streams.Announcements;

namespace Mirror.Streams.Tests.Announcements;

public sealed class AnnouncementCodecTests
{
    [Fact]
    public void What_is_written_is_read()
    {
        Assert.True(AnnouncementCodec.TryRead(AnnouncementMessages.All[0], out string? streamId, out List<LogEntry> entries));
        Assert.Equal("cam", streamId);
        Assert.Equal(AnnouncementMessages.Entries.Where(entry => entry.Announcement is not InitReady), entries.Where(entry => entry.Announcement is not InitReady));
        var init = Assert.IsType<InitReady>(entries[1].Announcement);
        Assert.True(init.Track.SameFormatAs(((InitReady)AnnouncementMessages.Entries[1].Announcement).Track));
    }

    [Fact]
    public void A_part_comes_with_its_bytes()
    {
        Assert.True(AnnouncementCodec.TryRead(AnnouncementMessages.All[1], out _, out List<LogEntry> entries));
        var part = Assert.IsType<PartReady>(Assert.Single(entries).Announcement);
        Assert.Equal([1, 2, 3], part.Bytes!.Span.ToArray());
        part.Bytes.Release();
    }

    [Fact]
    public void A_message_cut_short_is_turned_down_or_has_the_entries_before()
    {
        byte[] message = AnnouncementMessages.All[0];
        int last = 0;
        for (int length = 0; length < message.Length; length++)
        {
            if (!AnnouncementCodec.TryRead(message.AsSpan(0, length), out _, out List<LogEntry> entries))
            {
                Assert.Empty(entries);
                continue;
            }
            Assert.InRange(entries.Count, last, AnnouncementMessages.Entries.Count - 1);
            last = entries.Count;
        }
    }

    [Fact]
    public void A_message_with_one_byte_changed_is_never_more_than_turned_down()
    {
        foreach (byte[] message in AnnouncementMessages.All)
        {
            for (int at = 0; at < message.Length; at++)
            {
                foreach (byte value in (byte[])[0, 1, 127, 128, 255])
                {
                    byte[] changed = [.. message];
                    changed[at] = value;
                    if (AnnouncementCodec.TryRead(changed, out _, out List<LogEntry> entries)) { entries.ForEach(entry => AnnouncementCodec.Release(entry)); }
                }
            }
        }
    }
}
