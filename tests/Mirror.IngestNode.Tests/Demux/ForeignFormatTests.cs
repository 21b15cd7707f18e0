using System.Text;

namespace Mirror.IngestNode.Tests.Demux;

/// <summary>Publishers that send something else than MPEG-TS are told what it is.</summary>
public class ForeignFormatTests
{
    private const string Video = "-c:v libx264 -preset ultrafast -g 25";

    private static byte[] Make(string format, string more) => FfmpegSample.MakeAs(format, FfmpegSample.Inputs("160x90", "25", 1, withAudio: true) + " " + more);

    [Theory]
    [InlineData("matroska", Video + " -c:a aac", "Matroska")]
    [InlineData("webm", "-c:v libvpx -deadline realtime -c:a libopus", "WebM")]
    [InlineData("flv", Video + " -c:a aac -ar 44100", "FLV")]
    [InlineData("mp4", Video + " -c:a aac -movflags frag_keyframe+empty_moov", "MP4")]
    [InlineData("h264", Video + " -an", "H.264")]
    [InlineData("hevc", "-c:v libx265 -preset ultrafast -x265-params log-level=none -an", "H.265")]
    [InlineData("adts", "-vn -c:a aac", "AAC")]
    [InlineData("mp3", "-vn -c:a libmp3lame", "MP3")]
    [InlineData("ogg", "-vn -c:a libopus", "Ogg")]
    [InlineData("avi", Video + " -c:a aac", "AVI")]
    [InlineData("vob", "-c:v mpeg2video -c:a mp2", "program stream")]
    public void What_ffmpeg_muxes_is_named(string format, string more, string name)
    {
        byte[] stream = Make(format, more);
        foreach (int pieceSize in new[] { 1, 7, 1316 })
        {
            using DemuxRun run = new();
            run.Write(stream.AsSpan(0, Math.Min(stream.Length, 20_000)), pieceSize);
            string problem = Assert.IsType<string>(run.Demuxer.Problem());
            Assert.Contains(name, problem, StringComparison.Ordinal);
            Assert.Contains("send MPEG-TS", problem, StringComparison.Ordinal);
            Assert.Empty(run.Units);
        }
    }

    [Theory]
    [InlineData("hello, hello, is anybody listening to this?\r\n", "text")]
    [InlineData("POST /live HTTP/1.1\r\nHost: example.com\r\n\r\n", "HTTP")]
    [InlineData("\u0003\0\u0001\u0002\u0003\0\0\0\0abcdefghijklmnop", "RTMP")]
    public void What_other_programs_send_is_named(string text, string name)
    {
        using DemuxRun run = new();
        run.Write(Encoding.Latin1.GetBytes(text));
        Assert.Contains(name, run.Demuxer.Problem(), StringComparison.Ordinal);
    }

    [Fact]
    public void Noise_is_told_by_its_first_bytes_and_a_transport_stream_has_no_problem()
    {
        var noise = new byte[10_000];
        new Random(3).NextBytes(noise);
        using DemuxRun run = new();
        Assert.Null(run.Demuxer.Problem());
        run.Write(noise);
        Assert.Contains(Convert.ToHexString(noise.AsSpan(0, 8)), run.Demuxer.Problem(), StringComparison.Ordinal);
        run.Demuxer.Restart();
        run.Write(Make("mpegts", Video + " -c:a aac"));
        Assert.Null(run.Demuxer.Problem());
        Assert.NotEmpty(run.Units);
    }

    [Fact]
    public void A_transport_stream_with_nothing_to_carry_says_so()
    {
        using DemuxRun run = new();
        run.Write(Make("mpegts", "-an -c:v mjpeg"));
        Assert.Contains("nothing that Mirror carries", run.Demuxer.Problem(), StringComparison.Ordinal);
    }
}
