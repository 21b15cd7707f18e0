using System.Diagnostics;
using Mirror.EndToEnd.Media;
using Mirror.EndToEnd.Srt;
using Mirror.Media.Codecs.Av1;
using Mirror.Media.MpegTs;
using Mirror.Media.Playlists;
using Mirror.Media.Tests.MpegTs;

namespace Mirror.EndToEnd.Transcode;

/// <summary>AV1 over SRT, in a transport stream written here by AOM's draft, since FFmpeg 5.1 writes none.</summary>
public sealed class Av1Tests
{
    private const int Rate = 25;
    private const int Pictures = 125;
    private const long Start90k = 126_000;

    [Fact]
    public async Task AV1_is_delivered_as_it_came_and_encoded_as_H264()
    {
        string folder = Directory.CreateTempSubdirectory("mirror-av1-").FullName;
        string file = Path.Combine(folder, "source.obu");
        await Tool.RunAsync("ffmpeg", $"-v error -y -f lavfi -i testsrc2=size=640x360:rate={Rate} -frames:v {Pictures} -c:v libsvtav1 -preset 12 -g 25 -f obu {file}");
        List<byte[]> units = Split(await File.ReadAllBytesAsync(file));
        Assert.Equal(Pictures, units.Count);
        await using MirrorServer server = await MirrorServer.StartAsync();
        using SrtCaller caller = SrtCaller.TryConnect(server.SrtPort, "av1") ?? throw new InvalidOperationException("The publisher was refused.");
        await PushAsync(caller, units);
        await LadderTests.WaitForRenditionAsync(server, "av1");
        await Eventually.TrueAsync(async () => (await LadderTests.GetPlaylistAsync(server, "av1", "360p")).Segments.Count >= 3, "there are pictures");
        Assert.True(MultivariantPlaylistParser.TryParse(await server.Client.GetStringAsync(server.Playlist("av1")), out MultivariantDocument? document, out string? error), error);
        Assert.Equal(["av01", "avc1"], document.Variants.Select(variant => variant.Codecs![..4]));
        await server.StopStreamAsync("av1");
        foreach (string rendition in new[] { "source", "360p" })
        {
            FrameList played = await FrameList.DecodeAsync(LadderTests.RenditionUrl(server, "av1", rendition));
            Assert.InRange(played.Video.Count, Pictures - Rate - 1, Pictures);
        }
        Directory.Delete(folder, recursive: true);
    }

    /// <summary>Sends in real time.</summary>
    private static async Task PushAsync(SrtCaller caller, List<byte[]> units)
    {
        byte[] registration = [0x05, 4, .. "AV01"u8];
        var stream = new TransportStreamBuilder();
        long started = Stopwatch.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (int i = 0; i < units.Count; i++)
        {
            while (Stopwatch.GetElapsedTime(started).TotalSeconds * Rate < i) { await timer.WaitForNextTickAsync(); }
            int sent = stream.PacketCount;
            if (i % 10 == 0) { stream.Tables(streams: (StreamType.PrivatePes, TransportStreamBuilder.VideoPid, registration)); }
            long pts = Start90k + i * 90_000L / Rate;
            stream.Pes(TransportStreamBuilder.VideoPid, 0xBD, pts, -1, units[i], isBounded: units[i].Length < 60_000, pcr: (pts - 9_000) * 300);
            Assert.True(caller.Send(stream.ToArray().AsSpan(sent * TransportPacket.Size)));
        }
    }

    /// <summary>Temporal units, each from its delimiter on.</summary>
    private static List<byte[]> Split(byte[] stream)
    {
        List<byte[]> units = [];
        ReadOnlySpan<byte> rest = stream;
        int start = 0;
        while (!rest.IsEmpty)
        {
            int position = stream.Length - rest.Length;
            Assert.True(Av1Obu.TryRead(ref rest, out Av1Obu obu));
            if (obu.Type != Av1ObuType.TemporalDelimiter || position == start) { continue; }
            units.Add(stream[start..position]);
            start = position;
        }
        units.Add(stream[start..]);
        return units;
    }
}
