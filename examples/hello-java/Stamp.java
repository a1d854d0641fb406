import java.io.IOException;
import java.io.Writer;
import java.util.Set;
import javax.annotation.processing.AbstractProcessor;
import javax.annotation.processing.RoundEnvironment;
import javax.annotation.processing.SupportedAnnotationTypes;
import javax.lang.model.SourceVersion;
import javax.lang.model.element.TypeElement;

/** Writes the class `StampOf` once. */
@SupportedAnnotationTypes("*")
public class Stamp extends AbstractProcessor {
  private boolean written;

  @Override
  public SourceVersion getSupportedSourceVersion() {
    return SourceVersion.latest();
  }

  @Override
  public boolean process(Set<? extends TypeElement> annotations, RoundEnvironment round) {
    if (!written) {
      written = true;
      try (Writer file = processingEnv.getFiler().createSourceFile("StampOf").openWriter()) {
        file.write("public class StampOf {\n  public static final String TEXT = \"stamped\";\n}\n");
      } catch (IOException error) {
        throw new IllegalStateException(error);
      }
    }
    return false;
  }
}
