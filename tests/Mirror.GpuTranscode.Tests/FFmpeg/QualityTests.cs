using System.Globalization;
using System.Text.RegularExpressions;
using Mirror.GpuTranscode.FFmpeg;
using Mirror.GpuTranscode.Ladder;
using Mirror.GpuTranscode.Tests.Workers;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>A rung beside the ffmpeg program's own encode of the same source with the same settings.</summary>
public sealed class QualityTests
{
    private static readonly int Seconds = LadderRun.IsFull ? 30 : 10;
    private static readonly string Noisy = $"-f lavfi -i testsrc2=size=1280x720:rate=30,noise=alls=12:allf=t -t {Seconds} -pix_fmt yuv420p -c:v libx264 -preset ultrafast -crf 20 -g 60 -keyint_min 60 -sc_threshold 0 -bf 0";
    private const double Decibels = 0.3;
    private const double Similarity = 0.005;

    [Fact]
    public void A_rung_looks_as_good_as_the_programs_and_meets_its_bitrate()
    {
        SourceMedia media = SourceMedia.Make(Noisy);
        RungPlan plan = VideoTranscoderTests.Rung360;
        var recording = new Recording(1);
        using var transcoder = new VideoTranscoder(media.Track, [plan], new TranscoderSettings(), recording);
        media.FeedTo(transcoder, startsSegment: static i => i % 15 == 0);
        transcoder.Drain();
        double bitrate = recording.Frames[0].Sum(frame => frame.Payload.Length) * 8 / (double)Seconds;
        Assert.InRange(bitrate, plan.Bitrate * 0.9, plan.Bitrate * 1.1);

        string reference = SourceMedia.NewFile("h264");
        FFmpegProgram.Run($"-i {media.File} -vf scale={plan.Width}:{plan.Height}:flags=bicubic -c:v libx264 -preset {plan.Preset} -tune zerolatency -profile:v high -sc_threshold 0 -bf 0 "
            + $"-refs {plan.References} -g 15 -keyint_min 15 -forced-idr 1 -b:v {plan.Bitrate} -maxrate {plan.PeakBitrate} -bufsize {plan.BufferSize} -threads 1 {reference}");
        (double psnr, double ssim) = Compare(recording.Write(0), media.File, plan);
        (double theirPsnr, double theirSsim) = Compare(reference, media.File, plan);
        Assert.InRange(psnr, theirPsnr - Decibels, theirPsnr + Decibels);
        Assert.InRange(ssim, theirSsim - Similarity, theirSsim + Similarity);
    }

    private static (double Psnr, double Ssim) Compare(string encoded, string source, RungPlan plan)
    {
        string log = FFmpegProgram.Run($"-i {encoded} -i {source} -lavfi [0:v]settb=1/90000,setpts=N,split[a][c];[1:v]scale={plan.Width}:{plan.Height}:flags=bicubic,settb=1/90000,setpts=N,split[b][d];"
            + "[a][b]psnr[e];[c][d]ssim[f] -map [e] -map [f] -f null -", "info");
        return (Number(log, @"PSNR .*average:([0-9.]+)"), Number(log, @"SSIM .*All:([0-9.]+)"));
    }

    private static double Number(string log, string pattern) => double.Parse(Regex.Match(log, pattern).Groups[1].Value, CultureInfo.InvariantCulture);
}
