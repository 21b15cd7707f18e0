using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using FFmpeg.AutoGen;

namespace Mirror.GpuTranscode.Tests.FFmpeg;

/// <summary>Everything that the stand-in of FFmpeg.AutoGen declares, compared with what a C compiler makes of the installed headers.</summary>
public sealed class LayoutTests
{
    private const string Headers =
        """
        #include <stdio.h>
        #include <stddef.h>
        #include <errno.h>
        #include <libavcodec/avcodec.h>
        #include <libavfilter/avfilter.h>
        #include <libavfilter/buffersink.h>
        #include <libavfilter/buffersrc.h>
        #include <libavutil/buffer.h>
        #include <libavutil/channel_layout.h>
        #include <libavutil/dict.h>
        #include <libavutil/error.h>
        #include <libavutil/frame.h>
        #include <libavutil/hwcontext.h>
        #include <libavutil/log.h>
        #include <libavutil/mem.h>
        #include <libavutil/opt.h>
        #include <libavutil/pixfmt.h>
        #include <libavutil/samplefmt.h>
        #include <libswresample/swresample.h>

        """;

    private static readonly Type[] Types = [.. typeof(ffmpeg).Assembly.GetExportedTypes()];

    private static IEnumerable<Type> Structs => Types.Where(type => type is { IsValueType: true, IsEnum: false } && type.Name.StartsWith("AV", StringComparison.Ordinal) && !type.Name.EndsWith("_func", StringComparison.Ordinal));

    private static IEnumerable<MethodInfo> Functions => typeof(ffmpeg).GetMethods(BindingFlags.Public | BindingFlags.Static | BindingFlags.DeclaredOnly)
        .Where(method => method.Name != nameof(ffmpeg.AVERROR));

    [Fact]
    public void Every_offset_size_and_constant_is_that_of_the_headers()
    {
        (List<(string Name, long Value)> declared, string program) = Probe();
        Dictionary<string, long> actual = Run(program);
        Assert.True(declared.Count > 150, $"only {declared.Count} values were found in the stand-in");
        Assert.Empty(declared.Where(value => actual[value.Name] != value.Value).Select(value => $"{value.Name} is {actual[value.Name]}, not {value.Value}"));
    }

    /// <summary>Calls to each function are compiled with arguments of the declared types; a wrong pointer type, count or result is an error.</summary>
    [Fact]
    public void Every_function_is_declared_as_in_the_headers()
    {
        var program = new StringBuilder(Headers).AppendLine("int main(void) {");
        foreach (MethodInfo function in Functions)
        {
            string arguments = string.Join(", ", function.GetParameters().Select(parameter => Argument(function, parameter)));
            string result = function.ReturnType == typeof(void) ? "" : $"(void)sizeof(char[sizeof({function.Name}({arguments})) == {SizeOf(function.ReturnType)} ? 1 : -1]); {CType(function.ReturnType)} r{function.Name};";
            string use = function.ReturnType == typeof(void) ? $"{function.Name}({arguments})" : $"r{function.Name} = {function.Name}({arguments})";
            program.AppendLine(CultureInfo.InvariantCulture, $"  {{ {result} if (0) {{ {use}; }} }}");
        }
        program.AppendLine("  return 0; }");
        Run(program.ToString());
        Assert.NotEmpty(Functions);
    }

    [Fact]
    public void Every_function_is_in_the_installed_libraries()
    {
        nint[] libraries = [NativeLibrary.Load("libavcodec.so.59"), NativeLibrary.Load("libavutil.so.57"), NativeLibrary.Load("libavfilter.so.8"), NativeLibrary.Load("libswresample.so.4")];
        Assert.Empty(Functions.Where(function => !libraries.Any(library => NativeLibrary.TryGetExport(library, function.Name, out _))).Select(function => function.Name));
    }

    private static (List<(string Name, long Value)> Declared, string Program) Probe()
    {
        List<(string Name, long Value)> declared = [];
        var program = new StringBuilder(Headers).AppendLine("#define SHOW(name, value) printf(\"%s %lld\\n\", name, (long long)(value))").AppendLine("int main(void) {");
        void Add(string name, long value, string expression)
        {
            declared.Add((name, value));
            program.AppendLine(CultureInfo.InvariantCulture, $"  SHOW(\"{name}\", {expression});");
        }
        foreach (Type type in Structs.Where(type => type.IsExplicitLayout))
        {
            Add(type.Name, SizeOf(type), $"sizeof({type.Name})");
            foreach (FieldInfo field in type.GetFields(BindingFlags.Public | BindingFlags.Instance))
            {
                string name = $"{type.Name}.{field.Name}";
                Add(name, field.GetCustomAttribute<FieldOffsetAttribute>()!.Value, $"offsetof({type.Name}, {field.Name})");
                Add(name + ":size", SizeOf(field.FieldType), $"sizeof((({type.Name} *)0)->{field.Name})");
            }
        }
        foreach (Type type in Types.Where(type => type.IsEnum))
        {
            Add(type.Name, SizeOf(type), $"sizeof(enum {type.Name})");
            foreach (string name in Enum.GetNames(type)) { Add(name, Convert.ToInt64(Enum.Parse(type, name), CultureInfo.InvariantCulture), name); }
        }
        foreach (FieldInfo field in typeof(ffmpeg).GetFields(BindingFlags.Public | BindingFlags.Static))
        {
            Add(field.Name, Convert.ToInt64(field.GetValue(null), CultureInfo.InvariantCulture), field.Name);
        }
        return (declared, program.AppendLine("  return 0; }").ToString());
    }

    private static int SizeOf(Type type)
        => type.IsPointer ? nint.Size : (int)typeof(Unsafe).GetMethod(nameof(Unsafe.SizeOf))!.MakeGenericMethod(type).Invoke(null, null)!;

    private static string Argument(MethodInfo function, ParameterInfo parameter) => parameter.ParameterType switch
    {
        { Name: "AVRational" } => "(AVRational){0, 1}",
        { Name: "av_log_set_callback_callback_func" } => "(void (*)(void *, int, const char *, va_list))0",
        { IsPointer: true } when function.Name == "av_log_format_line2" && parameter.Name == "vl" => "*(va_list *)0",        // passed by address on the ABIs at hand
        { IsPointer: true } when function.Name == "swr_convert" && parameter.Name == "in" => "(const uint8_t **)0",
        { } type => $"({CType(type)})0",
    };

    private static string CType(Type type)
    {
        if (type.IsPointer) { return CType(type.GetElementType()!) + " *"; }
        if (type.IsEnum) { return "enum " + type.Name; }
        return type switch
        {
            _ when type == typeof(void) => "void",
            _ when type == typeof(byte) => "uint8_t",
            _ when type == typeof(int) => "int",
            _ when type == typeof(uint) => "unsigned",
            _ when type == typeof(long) => "int64_t",
            _ when type == typeof(ulong) => "uint64_t",
            _ when type == typeof(string) => "const char *",
            _ => type.Name,
        };
    }

    private static Dictionary<string, long> Run(string program)
    {
        string folder = Directory.CreateTempSubdirectory("mirror-layout-").FullName;
        try
        {
            string source = Path.Combine(folder, "probe.c");
            string binary = Path.Combine(folder, "probe");
            File.WriteAllText(source, program);
            Start("gcc", "-Wall", "-Wno-discarded-qualifiers", "-Wno-unused", "-Wno-pointer-sign", "-Wno-deprecated-declarations", "-Wno-nonnull", "-Werror", "-o", binary, source,
                "-lavcodec", "-lavfilter", "-lavutil", "-lswresample");
            string output = Start(binary);
            return output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split(' '))
                .ToDictionary(words => words[0], words => long.Parse(words[1], CultureInfo.InvariantCulture));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string Start(string program, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false, RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> errors = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"{program}: {errors.Result}");
        return output;
    }
}
