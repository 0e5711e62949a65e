#include "engine_sdk/serve.h"
#include "synthetic/engine.h"

int main() {
  synthetic::SyntheticEngine engine;
  return engine_sdk::serve(engine);
}
