using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Mirror.EndToEnd.Media;

/// <summary>Transport streams made by ffmpeg: a moving test pattern and a tone, in a given format.</summary>
/// <param name="Codec">libx264 or libx265.</param>
/// <param name="Rate">Frames per second, as ffmpeg writes it: 30000/1001.</param>
/// <param name="GopSeconds">Distance of key frames.</param>
/// <param name="BFrames">B-frames between references.</param>
public sealed record TestMedia(string Codec, string Rate, double GopSeconds, int BFrames)
{
    // Kept beside the tests: a second run, as that on a cluster, has the same files.
    private static readonly string Folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "media")).FullName;

    public int Seconds { get; init; } = 4;

    public string Size { get; init; } = "320x180";

    // Without noise substitution, whose decoder rolls dice: frames could not be compared.
    public string Audio { get; init; } = "-c:a aac -aac_pns 0 -b:a 96k -ar 48000 -ac 2";

    public string VideoMore { get; init; } = "";

    private double FramesPerSecond => Rate.Split('/') is [var numerator, var denominator]
        ? double.Parse(numerator, CultureInfo.InvariantCulture) / double.Parse(denominator, CultureInfo.InvariantCulture)
        : double.Parse(Rate, CultureInfo.InvariantCulture);

    /// <summary>Encodes it, where no run before this one has.</summary>
    /// <returns>The file, which is not to be changed.</returns>
    public async Task<string> MakeAsync()
    {
        string arguments = $"-v error -y {Words()}";
        string file = Path.Combine(Folder, $"{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(arguments)))[..16]}.ts");
        if (File.Exists(file)) { return file; }
        string unfinished = $"{file}.{Guid.NewGuid():N}";
        await Tool.RunAsync("ffmpeg", $"{arguments} {unfinished}");
        File.Move(unfinished, file, overwrite: true);
        return file;
    }

    /// <summary>Encodes it while it is pushed, at its own pace, for as long as a test may take.</summary>
    public Tool PushLive(string url) => Tool.Start("ffmpeg", "-v error -re " + (this with { Seconds = 600 }).Words(), url);

    private string Words()
    {
        int gop = (int)Math.Round(FramesPerSecond * GopSeconds);
        string video = Codec == "libx265"
            ? $"-c:v libx265 -preset ultrafast -x265-params keyint={gop}:min-keyint={gop}:scenecut=0:open-gop=0:bframes={BFrames}:b-adapt=0:log-level=error"
            : $"-c:v libx264 -preset ultrafast -g {gop} -keyint_min {gop} -sc_threshold 0 -bf {BFrames} -b_strategy 0";
        return $"-f lavfi -i testsrc2=size={Size}:rate={Rate} -f lavfi -i sine=frequency=440:sample_rate=48000 -t {Seconds} {video} -pix_fmt yuv420p {VideoMore} {Audio} -f mpegts";
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Codec} {Rate} fps, GOP {GopSeconds} s, {BFrames} B-frames");
}
