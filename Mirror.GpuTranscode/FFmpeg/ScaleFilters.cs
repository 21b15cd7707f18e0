using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.FFmpeg;

/// <summary>What a picture is scaled to: upright, square samples, of one size and layout.</summary>
internal readonly record struct PictureTarget()
{
    /// <summary>Width in samples; even.</summary>
    public required int Width { get; init; }

    /// <summary>Height in samples; even.</summary>
    public required int Height { get; init; }

    /// <summary>By how much wider the picture is to look than it is, where a plan asks for another shape than the source's; 1 keeps its shape.</summary>
    public double Widening { get; init; } = 1;

    /// <summary>Layout of the samples; CUDA to stay on the GPU.</summary>
    public required AVPixelFormat PixelFormat { get; init; }

    /// <summary>Colour; full range for JPEG only.</summary>
    public required FrameColour Colour { get; init; }
}

/// <summary>Writes the filters that turn decoded pictures into those that an encoder takes.</summary>
internal static class ScaleFilters
{
    private const string Interpolation = "bicubic";          // as the ffmpeg program does
    private const string NominalPeak = "100";                // cd/m² of SDR white in linear light: what zscale and tonemap take for 1.0
    private const int LargestStepOnGpu = 2;                  // scale_cuda weighs 4×4 samples: more than halving at once leaves samples out

    /// <summary>Deinterlaces at full size, before anything else: one frame out per frame in, a frame later.</summary>
    public static string Deinterlace(in FrameFormat input) => input.IsOnGpu ? "yadif_cuda=deint=interlaced" : "yadif=deint=interlaced";

    /// <summary>The filters from <paramref name="input"/> to <paramref name="target"/>; <see langword="null"/> if the frame can be taken as it is.</summary>
    public static unsafe string? Describe(in FrameFormat input, in PictureTarget target)
    {
        bool isHighDynamicRange = input.Colour.IsWide && ffmpeg.avfilter_get_by_name("zscale") is not null && ffmpeg.avfilter_get_by_name("tonemap") is not null;
        (int width, int height) = Fit(input, target);
        bool isPadded = width != target.Width || height != target.Height;
        if (input.Orientation.SwapsSides()) { (width, height) = (height, width); }
        List<string> filters = [];

        bool staysOnGpu = input.IsOnGpu && target.PixelFormat == AVPixelFormat.AV_PIX_FMT_CUDA && !isHighDynamicRange && !isPadded && input.Orientation == Orientation.Upright;
        if (input.IsOnGpu)
        {
            string layout = isHighDynamicRange ? "p010" : "nv12";
            AddGpuScale(filters, input, width, height, layout);
            if (staysOnGpu) { return string.Join(',', filters); }
            filters.Add($"hwdownload,format={(isHighDynamicRange ? "p010le" : "nv12")}");
        }

        string format = FormatName(target.PixelFormat);
        if (isHighDynamicRange)
        {
            if (!input.IsOnGpu) { filters.Add($"scale={width}:{height}:flags={Interpolation}"); }
            filters.Add("format=yuv420p10le");
            AddToneMap(filters, input.Colour, target.Colour);
            filters.Add($"format={format}");
        }
        else
        {
            string colour = ConvertColour(input, target);
            bool isScaled = !input.IsOnGpu && (input.Width != width || input.Height != height);
            bool isConverted = colour.Length > 0 || (!input.IsOnGpu && input.PixelFormat != target.PixelFormat);
            if (isScaled || isConverted) { filters.Add($"scale={width}:{height}:flags={Interpolation}{colour}"); }
            if (isScaled || isConverted || input.IsOnGpu) { filters.Add($"format={format}"); }
        }
        if (input.Orientation.Filters() is { } turn) { filters.Add(turn); }
        if (isPadded) { filters.Add($"pad={target.Width}:{target.Height}:(ow-iw)/2:(oh-ih)/2"); }
        return filters.Count == 0 ? null : string.Join(',', filters) + ",setsar=1";
    }

    /// <summary>The largest even size within the target that keeps the picture's shape; the target's own where the shapes differ by no more than rounding.</summary>
    private static (int Width, int Height) Fit(in FrameFormat input, in PictureTarget target)
    {
        double sample = input.SampleWidth > 0 && input.SampleHeight > 0 ? (double)input.SampleWidth / input.SampleHeight : 1;
        double shape = input.Width * sample / input.Height;
        if (input.Orientation.SwapsSides()) { shape = 1 / shape; }
        shape *= target.Widening;
        double width = Math.Min(target.Width, target.Height * shape);
        double height = Math.Min(target.Height, target.Width / shape);
        bool isSameShape = target.Width - width <= 2 + target.Width * 0.01 && target.Height - height <= 2 + target.Height * 0.01;
        return isSameShape ? (target.Width, target.Height) : (Even(width), Even(height));
    }

    private static int Even(double length) => Math.Max(2, 2 * (int)Math.Round(length / 2));

    private static void AddGpuScale(List<string> filters, in FrameFormat input, int width, int height, string layout)
    {
        int w = input.Width;
        int h = input.Height;
        while (w > LargestStepOnGpu * width && h > LargestStepOnGpu * height)
        {
            w = Even(Math.Max(width, w / (double)LargestStepOnGpu));
            h = Even(Math.Max(height, h / (double)LargestStepOnGpu));
            if (w == width && h == height) { break; }
            filters.Add($"scale_cuda={w}:{h}:interp_algo=bilinear:format={layout}");
        }
        // Frames of the decoder's own pool are never passed on: encoders hold theirs longer than the decoder can spare them.
        filters.Add($"scale_cuda={width}:{height}:interp_algo=bicubic:format={layout}:passthrough=0");
    }

    /// <summary>PQ or HLG of BT.2020 to linear light, its gamut and its range to those of BT.709.</summary>
    private static void AddToneMap(List<string> filters, FrameColour colour, FrameColour target)
    {
        string transfer = colour.Transfer switch
        {
            AVColorTransferCharacteristic.AVCOL_TRC_SMPTE2084 => "smpte2084",
            AVColorTransferCharacteristic.AVCOL_TRC_ARIB_STD_B67 => "arib-std-b67",
            _ => "bt709",
        };
        string range = colour.IsFullRange ? "full" : "limited";
        filters.Add($"zscale=tin={transfer}:pin=bt2020:min=bt2020nc:rin={range}:t=linear:npl={NominalPeak}");
        filters.Add("format=gbrpf32le");
        filters.Add("zscale=p=bt709");
        if (transfer != "bt709") { filters.Add("tonemap=hable:desat=0"); }
        filters.Add($"zscale=t=bt709:m={(MatrixName(target.Matrix) == "bt601" ? "170m" : "709")}:r={Range(target)}");
    }

    /// <summary>Options of the scale filter where range or matrix change.</summary>
    private static string ConvertColour(in FrameFormat input, in PictureTarget target)
    {
        FrameColour from = input.Colour.ForEncoding(input.Height) with { IsFullRange = input.Colour.IsFullRange };
        string options = from.IsFullRange == target.Colour.IsFullRange ? "" : $":in_range={Range(from)}:out_range={Range(target.Colour)}";
        if (MatrixName(from.Matrix) != MatrixName(target.Colour.Matrix)) { options += $":in_color_matrix={MatrixName(from.Matrix)}:out_color_matrix={MatrixName(target.Colour.Matrix)}"; }
        return options;
    }

    private static string Range(FrameColour colour) => colour.IsFullRange ? "full" : "limited";

    // BT.470 BG and SMPTE 170M are one matrix under two names.
    private static string MatrixName(AVColorSpace matrix) => matrix switch
    {
        AVColorSpace.AVCOL_SPC_BT470BG or AVColorSpace.AVCOL_SPC_SMPTE170M => "bt601",
        AVColorSpace.AVCOL_SPC_BT2020_NCL => "bt2020",
        _ => "bt709",
    };

    private static string FormatName(AVPixelFormat format) => format switch
    {
        AVPixelFormat.AV_PIX_FMT_YUVJ420P => "yuvj420p",
        AVPixelFormat.AV_PIX_FMT_NV12 => "nv12",
        _ => "yuv420p",                                      // for CUDA too: its encoders take frames in memory as well
    };
}
