using System.Buffers;
using System.Diagnostics;
using Mirror.Streams.Feed;

namespace Mirror.Streams.Tests.Feed;

public sealed class FeedFormatTests
{
    [Fact]
    public void What_is_written_is_read_wherever_the_bytes_are_split()
    {
        byte[] bytes = RecordedFeed.Bytes();
        var whole = new RecordingSink();
        RecordedFeed.ReadInPieces(new FeedReader(whole, TimeProvider.System), bytes, bytes.Length);
        var sent = new RecordingSink();
        sent.SetLayout(new FeedLayout(HasVideo: true, HasAudio: true));
        RecordedFeed.Units().ForEach(sent.Write);
        sent.Interrupt();
        Assert.Equal(sent.Calls, whole.Calls);
        for (int piece = 1; piece < 200; piece++)
        {
            var sink = new RecordingSink();
            var reader = new FeedReader(sink, TimeProvider.System);
            RecordedFeed.ReadInPieces(reader, bytes, piece);
            Assert.Equal(whole.Calls, sink.Calls);
            Assert.True(reader.HasEnded);
            sink.CheckReleased();
        }
    }

    [Fact]
    public void A_feed_that_is_cut_anywhere_gives_the_units_before()
    {
        byte[] bytes = RecordedFeed.Bytes();
        int units = 0;
        for (int length = 0; length < bytes.Length; length++)
        {
            var sink = new RecordingSink();
            var reader = new FeedReader(sink, TimeProvider.System);
            reader.Read(new ReadOnlySequence<byte>(bytes, 0, length));
            Assert.True(sink.Units.Count >= units);
            Assert.False(reader.HasEnded);
            units = sink.Units.Count;
        }
        Assert.Equal(12, units);
    }

    [Fact]
    public void What_is_no_feed_is_told()
        => Assert.Throws<InvalidDataException>(() => new FeedReader(new RecordingSink(), TimeProvider.System).Read(new ReadOnlySequence<byte>("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray())));

    [Fact]
    public async Task Other_programs_find_the_tracks()
    {
        string file = Path.GetTempFileName();
        await File.WriteAllBytesAsync(file, RecordedFeed.Bytes());
        var probe = new ProcessStartInfo("ffprobe", ["-v", "error", "-show_entries", "stream=codec_name,width,sample_rate", "-of", "csv=p=0", "-f", "mp4", file]) { RedirectStandardOutput = true, UseShellExecute = false };
        using Process process = Process.Start(probe)!;
        string output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        File.Delete(file);
        Assert.Contains("h264,640", output, StringComparison.Ordinal);
        Assert.Contains("aac,48000", output, StringComparison.Ordinal);
    }
}
