using System.Globalization;
using Mirror.Media.Bits;
using Mirror.Media.Tests.Codecs.Captions;

namespace Mirror.EndToEnd.Media;

/// <summary>A transport stream whose pictures carry captions of CTA-608, which ffmpeg cannot make: they are put into the pictures that it encodes.</summary>
internal static class CaptionedMedia
{
    /// <summary>Pictures per second.</summary>
    public const int Rate = 30;

    private const int Resume = 0x20;                         // the second byte of control codes
    private const int Erase = 0x2E;
    private const int LastRow = 0x60;
    private const int Show = 0x2F;

    /// <summary>Makes a file.</summary>
    /// <param name="captions">What is shown, and from which second on; each as long as the next is not there.</param>
    /// <param name="seconds">How long it is.</param>
    /// <param name="encoder">Words of ffmpeg: it encodes the pictures once more, and takes the captions over.</param>
    /// <returns>Its path, in a folder of its own.</returns>
    public static async Task<string> MakeAsync(IReadOnlyList<(int Second, string Text)> captions, int seconds, string encoder = "copy")
    {
        string folder = Directory.CreateTempSubdirectory("mirror-captions-").FullName;
        string encoded = Path.Combine(folder, "plain.h264");
        await Tool.RunAsync("ffmpeg", string.Create(CultureInfo.InvariantCulture,
            $"-v error -f lavfi -i testsrc2=s=640x360:r={Rate} -t {seconds} -c:v libx264 -preset ultrafast -g 15 -keyint_min 15 -sc_threshold 0 -bf 0 -b:v 600k -pix_fmt yuv420p -f h264 {encoded}"));
        string captioned = Path.Combine(folder, "captioned.h264");
        await File.WriteAllBytesAsync(captioned, Insert(await File.ReadAllBytesAsync(encoded), PairsOf(captions)));
        string file = Path.Combine(folder, "captioned.ts");
        await Tool.RunAsync("ffmpeg", string.Create(CultureInfo.InvariantCulture,
            $"-v error -r {Rate} -f h264 -i {captioned} -f lavfi -i sine=r=48000 -t {seconds} -c:v {encoder} -c:a aac -f mpegts {file}"));
        return file;
    }

    /// <summary>One pair of each picture: a caption is loaded, its codes sent twice as the standard wants, and shown.</summary>
    private static Dictionary<int, byte[]> PairsOf(IReadOnlyList<(int Second, string Text)> captions)
    {
        Dictionary<int, byte[]> pairs = [];
        foreach ((int second, string text) in captions)
        {
            int picture = second * Rate;
            void Send(int first, int code) => pairs[picture++] = CaptionBytes.Line21(0, first, code);
            foreach (int code in (int[])[Resume, Resume, Erase, Erase, LastRow, LastRow]) { Send(0x14, code); }
            foreach (char[] two in text.Chunk(2)) { Send(two[0], two.Length > 1 ? two[1] : 0); }
            foreach (int code in (int[])[Show, Show]) { Send(0x14, code); }
        }
        return pairs;
    }

    /// <summary>Puts an SEI NAL unit before the first slice of each picture; those without a pair get fillers, as real encoders send them.</summary>
    private static byte[] Insert(ReadOnlySpan<byte> stream, Dictionary<int, byte[]> pairs)
    {
        List<byte> output = [];
        int picture = 0;
        while (!stream.IsEmpty)
        {
            int next = StartCode.IndexOf(stream[StartCode.Length..]);
            ReadOnlySpan<byte> unit = next < 0 ? stream : stream[..(next + StartCode.Length)];
            stream = stream[unit.Length..];
            int start = StartCode.IndexOf(unit);
            if (start < 0) { continue; }
            bool isPicture = (unit[start + StartCode.Length] & 0x1F) is 1 or 5 && (unit[start + StartCode.Length + 1] & 0x80) != 0;      // first_mb_in_slice 0
            if (isPicture)
            {
                byte[] pair = pairs.GetValueOrDefault(picture++, CaptionBytes.Filler(0));
                output.AddRange([0, 0, 0, 1, .. CaptionBytes.Sei(CaptionBytes.Message(pair, CaptionBytes.Filler(1)))]);
            }
            output.AddRange([0, .. unit[start..]]);
        }
        return [.. output];
    }
}
